/* The largest element under a window.  The stage's device. */
#include <sluice/image_layers.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "nn/images/pool.h"
#include "nn/rows/given.h"

/* The place of the largest element in its window is saved in a byte. */
enum { MOST_KERNEL = 16 };

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("max_pool", config, plan, why);
    if (given)
        return given;
    const sluice_pool_config *pool = config;
    if (pool->kernel > MOST_KERNEL)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "max_pool: a kernel of %" PRId64
                               "; at most %d are possible",
                               pool->kernel, MOST_KERNEL);
    sluice_status st = sl_pool_infer("max_pool", pool, plan, why);
    if (!st)
        plan->saved_row_bytes = sluice_shape_elements(&plan->out);
    return st;
}

/* One output: of equal elements the first counts, and a NaN stays the largest,
 * as in PyTorch.  Choices instead of branches: which element is the largest
 * cannot be predicted. */
static float take(struct sl_patch patch, const float *x, int64_t width,
                  int64_t kernel, uint8_t *place)
{
    float largest = -INFINITY;
    int64_t row = patch.first_row - patch.row;
    int64_t at = row * kernel + patch.first_column - patch.column;
    for (int64_t a = patch.first_row; a < patch.end_row; a++) {
        int64_t line = (a - patch.row) * kernel - patch.column;
        for (int64_t b = patch.first_column; b < patch.end_column; b++) {
            float value = x[a * width + b];
            bool larger = !(value <= largest) && largest == largest;
            largest = larger ? value : largest;
            at = larger ? line + b : at;
        }
    }
    *place = (uint8_t)at;
    return largest;
}

static sluice_status forward(const sluice_layer_call *call)
{
    struct sl_pool pool = sl_pool_of(call->config, &call->plan->in);
    const struct sl_window *w = &pool.window;
    const float *x = call->x;
    float *y = call->y;
    uint8_t *place = call->saved;
    for (int64_t p = 0; p < call->rows * pool.channels; p++) {
        for (int64_t i = 0; i < w->out_height; i++)
            for (int64_t j = 0; j < w->out_width; j++)
                *y++ = take(sl_pool_patch(w, i, j), x, w->width, w->kernel,
                            place++);
        x += w->height * w->width;
    }
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    struct sl_pool pool = sl_pool_of(call->config, &call->plan->in);
    const struct sl_window *w = &pool.window;
    int64_t plane = w->height * w->width;
    const float *dy = call->dy;
    const uint8_t *place = call->saved;
    float *dx = call->dx;
    if (!dx)
        return SLUICE_OK;
    memset(dx, 0, (size_t)(call->rows * pool.channels * plane) * sizeof *dx);
    for (int64_t p = 0; p < call->rows * pool.channels; p++, dx += plane)
        for (int64_t i = 0; i < w->out_height; i++)
            for (int64_t j = 0; j < w->out_width; j++, place++) {
                int64_t a = i * w->stride - w->padding + *place / w->kernel;
                int64_t b = j * w->stride - w->padding + *place % w->kernel;
                dx[a * w->width + b] += *dy++;
            }
    return SLUICE_OK;
}

static const sluice_layer_ops max_pool_ops = {
    .name = "max_pool",
    .config_bytes = sizeof(sluice_pool_config),
    .help = "the largest element under a window, plane by plane",
    .options = sl_pool_options,
    .n_options = SL_POOL_N_OPTIONS,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .team = SLUICE_TEAM_ROWS,
};

const sluice_layer_ops *sluice_max_pool(void)
{
    return &max_pool_ops;
}
