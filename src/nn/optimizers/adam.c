/* Adam, with the decay in the gradient.  The device that holds the parameters.
 */
#include <sluice/optimizer.h>

#include "base/text/options.h"
#include "nn/optimizers/adam_step.h"
#include "nn/optimizers/clip.h"

static const sluice_option options[] = {
    SL_ADAM_OPTIONS(", by the gradient", 0),
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
    .elementwise = true,
};

const sluice_optimizer_ops *sluice_adam(void)
{
    return &adam_ops;
}
