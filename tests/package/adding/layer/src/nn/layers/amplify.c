/* y = factor * x, or -factor * x: a layer that is one file and one row. */
#include "nn/layers/layer_table.h"

#include <stddef.h>

struct config {
    double factor;
    bool negate;
};

static const sluice_option options[] = {
    {
        .name = "factor",
        .help = "what x is multiplied with",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(struct config, factor),
        .bytes = sizeof(double),
        .preset = 2,
        .max = 100,
        .above_min = true,
    },
    {
        .name = "negate",
        .help = "multiply with -factor",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(struct config, negate),
        .bytes = sizeof(bool),
    },
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    (void)config;
    (void)why;
    plan->out = plan->in;
    return SLUICE_OK;
}

static void multiply(const sluice_layer_call *call, const float *from,
                     float *to)
{
    const struct config *config = call->config;
    float factor = (float)(config->negate ? -config->factor : config->factor);
    int64_t n = call->rows * sluice_shape_elements(&call->plan->in);
    for (int64_t i = 0; i < n; i++)
        to[i] = factor * from[i];
}

static sluice_status forward(const sluice_layer_call *call)
{
    multiply(call, call->x, call->y);
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    if (call->dx)
        multiply(call, call->dy, call->dx);
    return SLUICE_OK;
}

static const sluice_layer_ops amplify = {
    .name = "amplify",
    .config_bytes = sizeof(struct config),
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .help = "x times a number",
    .options = options,
    .n_options = sizeof options / sizeof *options,
};

const sluice_layer_ops *sl_amplify(void)
{
    return &amplify;
}
