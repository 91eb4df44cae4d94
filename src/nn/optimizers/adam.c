/* Adam, with the decay in the gradient.  The device that holds the parameters.
 */
#include <sluice/optimizer.h>

#include <float.h>

#include "base/text/options.h"
#include "nn/optimizers/adam_step.h"
#include "nn/optimizers/clip.h"

static const sluice_option options[] = {
    {
        .name = "learning-rate",
        .short_name = "lr",
        .help = "size of a step",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_adam_config, learning_rate),
        .bytes = sizeof(double),
        .preset = 0.001,
        .max = 1e6,
        .above_min = true,
    },
    {
        .name = "beta1",
        .help = "share of the gradients' average that is kept",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_adam_config, beta1),
        .bytes = sizeof(double),
        .preset = 0.9,
        .max = 1,
        .below_max = true,
    },
    {
        .name = "beta2",
        .help = "share of the squares' average that is kept",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_adam_config, beta2),
        .bytes = sizeof(double),
        .preset = 0.999,
        .max = 1,
        .above_min = true,
        .below_max = true,
    },
    {
        .name = "epsilon",
        .help = "added to the root of the squares",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_adam_config, epsilon),
        .bytes = sizeof(double),
        .preset = 1e-8,
        .min = FLT_MIN,
        .max = 1,
    },
    {
        .name = "weight-decay",
        .help = "pull towards zero, by the gradient",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_adam_config, weight_decay),
        .bytes = sizeof(double),
        .max = 1e6,
    },
    {
        .name = "decay-all",
        .help = "biases and norms decay, too; else only matrices",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_adam_config, decay_all),
        .bytes = sizeof(bool),
    },
    {
        .name = "clip",
        .help = "largest norm of all gradients together; 0: any",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_adam_config, clip),
        .bytes = sizeof(double),
        .max = FLT_MAX,
    },
};

static sluice_status infer(const void *config, int *n_states,
                           double *learning_rate, sluice_diag *why)
{
    const sluice_option_table table = sluice_optimizer_options(sluice_adam());
    return sl_adam_infer(&table, config, n_states, learning_rate, why);
}

static sluice_status prepare(const sluice_optimizer_call *call)
{
    const sluice_adam_config *adam = call->config;
    return sl_clip_prepare("adam", adam->clip, call);
}

static void apply(const sluice_optimizer_call *call)
{
    sl_adam_apply(call, SL_ADAM_L2);
}

static const sluice_optimizer_ops adam_ops = {
    .name = "adam",
    .config_bytes = sizeof(sluice_adam_config),
    .help = "Adam, as PyTorch defines it",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .prepare = prepare,
    .apply = apply,
    .measure = sl_clip_measure,
    .wants_total = sl_adam_wants_total,
};

const sluice_optimizer_ops *sluice_adam(void)
{
    return &adam_ops;
}
