/* Means over windows, and over whole planes.  The stage's device. */
#include <sluice/image_layers.h>

#include <string.h>

#include "nn/images/pool.h"
#include "nn/rows/given.h"
#include "tensor/planes/plane_sums.h"

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("average_pool", config, plan, why);
    if (given)
        return given;
    return sl_pool_infer("average_pool", config, plan, why);
}

static float share_of(const struct sl_window *w)
{
    return 1.0f / (float)(w->kernel * w->kernel);
}

static float sum_of(struct sl_patch patch, const float *x, int64_t width)
{
    float sum = 0;
    for (int64_t a = patch.first_row; a < patch.end_row; a++)
        for (int64_t b = patch.first_column; b < patch.end_column; b++)
            sum += x[a * width + b];
    return sum;
}

static void spread(struct sl_patch patch, float share, float *dx, int64_t width)
{
    for (int64_t a = patch.first_row; a < patch.end_row; a++)
        for (int64_t b = patch.first_column; b < patch.end_column; b++)
            dx[a * width + b] += share;
}

static sluice_status forward(const sluice_layer_call *call)
{
    struct sl_pool pool = sl_pool_of(call->config, &call->plan->in);
    const struct sl_window *w = &pool.window;
    float share = share_of(w);
    const float *x = call->x;
    float *y = call->y;
    for (int64_t p = 0; p < call->rows * pool.channels; p++) {
        for (int64_t i = 0; i < w->out_height; i++)
            for (int64_t j = 0; j < w->out_width; j++)
                *y++ = share * sum_of(sl_pool_patch(w, i, j), x, w->width);
        x += w->height * w->width;
    }
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    struct sl_pool pool = sl_pool_of(call->config, &call->plan->in);
    const struct sl_window *w = &pool.window;
    int64_t plane = w->height * w->width;
    float share = share_of(w);
    const float *dy = call->dy;
    float *dx = call->dx;
    if (!dx)
        return SLUICE_OK;
    memset(dx, 0, (size_t)(call->rows * pool.channels * plane) * sizeof *dx);
    for (int64_t p = 0; p < call->rows * pool.channels; p++, dx += plane)
        for (int64_t i = 0; i < w->out_height; i++)
            for (int64_t j = 0; j < w->out_width; j++)
                spread(sl_pool_patch(w, i, j), share * *dy++, dx, w->width);
    return SLUICE_OK;
}

static sluice_status infer_global(const void *config, sluice_layer_plan *plan,
                                  sluice_diag *why)
{
    (void)config;
    sluice_status st = sl_image_check("global_average_pool", &plan->in, why);
    if (st)
        return st;
    plan->out = sluice_shape_vector(sl_image_of(&plan->in).channels);
    plan->forward_row_flops = sluice_shape_elements(&plan->in);
    plan->input_row_flops = sluice_shape_elements(&plan->in);
    return SLUICE_OK;
}

static sluice_status forward_global(const sluice_layer_call *call)
{
    struct sl_image image = sl_image_of(&call->plan->in);
    int64_t n = sl_image_plane(image);
    for (int64_t p = 0; p < call->rows * image.channels; p++)
        call->y[p] = (float)(sl_plane_sum(n, call->x + p * n) / (double)n);
    return SLUICE_OK;
}

static sluice_status backward_global(const sluice_layer_call *call)
{
    struct sl_image image = sl_image_of(&call->plan->in);
    int64_t n = sl_image_plane(image);
    float *dx = call->dx;
    for (int64_t p = 0; dx && p < call->rows * image.channels; p++) {
        float share = call->dy[p] / (float)n;
        for (int64_t i = 0; i < n; i++)
            *dx++ = share;
    }
    return SLUICE_OK;
}

static const sluice_layer_ops average_pool_ops = {
    .name = "average_pool",
    .config_bytes = sizeof(sluice_pool_config),
    .help = "the mean under a window, plane by plane",
    .options = sl_pool_options,
    .n_options = SL_POOL_N_OPTIONS,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .team = SLUICE_TEAM_ROWS,
};

static const sluice_layer_ops global_average_pool_ops = {
    .name = "global_average_pool",
    .help = "the mean of each plane",
    .infer = infer_global,
    .forward = forward_global,
    .backward_input = backward_global,
    .team = SLUICE_TEAM_ROWS,
};

const sluice_layer_ops *sluice_average_pool(void)
{
    return &average_pool_ops;
}

const sluice_layer_ops *sluice_global_average_pool(void)
{
    return &global_average_pool_ops;
}
