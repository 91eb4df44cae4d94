/* Steps of one size for each element: an optimizer that is one file and one
 * row. */
#include "nn/optimizers/optimizer_table.h"

#include <stddef.h>

struct config {
    double learning_rate;
    bool decoupled;
};

static const sluice_option options[] = {
    {
        .name = "learning-rate",
        .short_name = "lr",
        .help = "size of a step",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(struct config, learning_rate),
        .bytes = sizeof(double),
        .preset = 0.001,
        .max = 1,
        .above_min = true,
    },
    {
        .name = "decoupled",
        .help = "also pull each weight towards zero",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(struct config, decoupled),
        .bytes = sizeof(bool),
    },
};

static sluice_status infer(const void *config, int *n_states,
                           double *learning_rate, sluice_diag *why)
{
    const struct config *sign = config;
    (void)why;
    *n_states = 0;
    *learning_rate = sign->learning_rate;
    return SLUICE_OK;
}

static void apply(const sluice_optimizer_call *call)
{
    const struct config *sign = call->config;
    float rate = (float)call->learning_rate;
    for (int64_t i = 0; i < call->n; i++) {
        if (sign->decoupled)
            call->w[i] -= rate * 0.01F * call->w[i];
        call->w[i] -= rate * (float)((call->g[i] > 0) - (call->g[i] < 0));
    }
}

static const sluice_optimizer_ops sign = {
    .name = "sign",
    .config_bytes = sizeof(struct config),
    .infer = infer,
    .apply = apply,
    .help = "a step of the learning rate, whatever the gradient's size",
    .options = options,
    .n_options = sizeof options / sizeof *options,
};

const sluice_optimizer_ops *sl_sign(void)
{
    return &sign;
}
