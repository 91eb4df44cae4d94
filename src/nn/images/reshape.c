/* Other shapes for the same elements.  The stage's device. */
#include <sluice/image_layers.h>

#include <inttypes.h>
#include <string.h>

#include "nn/rows/given.h"

static const sluice_option options[] = {
    {
        .name = "channels",
        .help = "planes of an image of the output",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_reshape_config, channels),
        .bytes = sizeof(int64_t),
        .required = true,
        .min = 1,
        .max = INT32_MAX,
    },
    {
        .name = "height",
        .help = "rows of a plane",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_reshape_config, height),
        .bytes = sizeof(int64_t),
        .required = true,
        .min = 1,
        .max = INT32_MAX,
    },
    {
        .name = "width",
        .help = "elements of a row of a plane",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_reshape_config, width),
        .bytes = sizeof(int64_t),
        .required = true,
        .min = 1,
        .max = INT32_MAX,
    },
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("reshape", config, plan, why);
    if (given)
        return given;
    const sluice_reshape_config *to = config;
    int64_t n = sluice_shape_elements(&plan->in);
    plan->out = (sluice_shape){3, {to->channels, to->height, to->width}};
    if (sluice_shape_elements(&plan->out) == n)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "reshape: %" PRId64
                           " elements of a row do not make %" PRId64
                           " channels of %" PRId64 " x %" PRId64,
                           n, to->channels, to->height, to->width);
}

static sluice_status infer_flat(const void *config, sluice_layer_plan *plan,
                                sluice_diag *why)
{
    (void)config;
    (void)why;
    plan->out = sluice_shape_vector(sluice_shape_elements(&plan->in));
    return SLUICE_OK;
}

static void copy(const sluice_layer_call *call, const float *from, float *to)
{
    int64_t n = call->rows * sluice_shape_elements(&call->plan->in);
    memcpy(to, from, (size_t)n * sizeof *to);
}

static sluice_status forward(const sluice_layer_call *call)
{
    copy(call, call->x, call->y);
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    if (call->dx)
        copy(call, call->dy, call->dx);
    return SLUICE_OK;
}

static const sluice_layer_ops reshape_ops = {
    .name = "reshape",
    .config_bytes = sizeof(sluice_reshape_config),
    .help = "the same elements as planes of an image",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .team = SLUICE_TEAM_ROWS,
};

static const sluice_layer_ops flatten_ops = {
    .name = "flatten",
    .help = "the same elements as a vector",
    .infer = infer_flat,
    .forward = forward,
    .backward_input = backward_input,
    .team = SLUICE_TEAM_ROWS,
};

const sluice_layer_ops *sluice_reshape(void)
{
    return &reshape_ops;
}

const sluice_layer_ops *sluice_flatten(void)
{
    return &flatten_ops;
}
