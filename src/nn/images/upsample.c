/* Larger images by repeating pixels.  The stage's device. */
#include <sluice/image_layers.h>

#include <inttypes.h>
#include <string.h>

#include "nn/images/image.h"
#include "nn/rows/given.h"
#include "tensor/elementwise.h"

static const sluice_option options[] = {
    {
        .name = "factor",
        .help = "how often each row and each column is repeated",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_upsample_config, factor),
        .bytes = sizeof(int64_t),
        .preset = 2,
        .min = 1,
        .max = SL_WINDOW_MOST,
    },
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("upsample", config, plan, why);
    if (given)
        return given;
    const sluice_upsample_config *upsample = config;
    int64_t factor = upsample->factor;
    sluice_status st = sl_image_check("upsample", &plan->in, why);
    if (st)
        return st;
    struct sl_image image = sl_image_of(&plan->in);
    if (factor < 1 || factor > SL_WINDOW_MOST ||
        image.height > INT32_MAX / factor || image.width > INT32_MAX / factor)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "upsample: a factor of %" PRId64 " for images of %" PRId64
            " x %" PRId64 "; give 1 to %d, with less than 2^31 rows and "
            "columns in the end",
            factor, image.height, image.width, SL_WINDOW_MOST);
    image.height *= factor;
    image.width *= factor;
    plan->out = sl_image_shape(image);
    plan->input_row_flops = sluice_shape_elements(&plan->out);
    return SLUICE_OK;
}

static sluice_status forward(const sluice_layer_call *call)
{
    const sluice_upsample_config *upsample = call->config;
    struct sl_image in = sl_image_of(&call->plan->in);
    int64_t factor = upsample->factor, width = in.width * factor;
    const float *x = call->x;
    float *y = call->y;
    for (int64_t i = 0; i < call->rows * in.channels * in.height; i++) {
        for (int64_t j = 0; j < width; j++)
            y[j] = x[j / factor];
        for (int64_t k = 1; k < factor; k++)
            memcpy(y + k * width, y, (size_t)width * sizeof *y);
        x += in.width;
        y += factor * width;
    }
    return SLUICE_OK;
}

/* The rows of a block are added to the first one, then its columns. */
static sluice_status backward_input(const sluice_layer_call *call)
{
    const sluice_upsample_config *upsample = call->config;
    struct sl_image in = sl_image_of(&call->plan->in);
    int64_t factor = upsample->factor, width = in.width * factor;
    float *dy = call->dy, *dx = call->dx;
    if (!dx)
        return SLUICE_OK;
    for (int64_t i = 0; i < call->rows * in.channels * in.height; i++) {
        for (int64_t k = 1; k < factor; k++)
            sl_add(width, dy + k * width, dy);
        for (int64_t j = 0; j < in.width; j++) {
            dx[j] = dy[j * factor];
            for (int64_t k = 1; k < factor; k++)
                dx[j] += dy[j * factor + k];
        }
        dx += in.width;
        dy += factor * width;
    }
    return SLUICE_OK;
}

static const sluice_layer_ops upsample_ops = {
    .name = "upsample",
    .config_bytes = sizeof(sluice_upsample_config),
    .help = "an image enlarged by repeating its pixels",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .team = SLUICE_TEAM_ROWS,
};

const sluice_layer_ops *sluice_upsample(void)
{
    return &upsample_ops;
}
