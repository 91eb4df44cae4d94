/* AdamW: Adam whose decay does not go through the gradient.  The device that
 * holds the parameters. */
#include <sluice/optimizer.h>

#include "base/text/options.h"
#include "nn/optimizers/adam_step.h"
#include "nn/optimizers/clip.h"

static const sluice_option options[] = {
    SL_ADAM_OPTIONS(", apart from the gradient", 0.01),
};

static sluice_status infer(const void *config, int *n_states,
                           double *learning_rate, sluice_diag *why)
{
    const sluice_option_table table = sluice_optimizer_options(sluice_adamw());
    return sl_adam_infer(&table, config, n_states, learning_rate, why);
}

static sluice_status prepare(const sluice_optimizer_call *call)
{
    const sluice_adam_config *adam = call->config;
    return sl_clip_prepare("adamw", adam->clip, call);
}

static void apply(const sluice_optimizer_call *call)
{
    sl_adam_apply(call, SL_ADAM_DECOUPLED);
}

static const sluice_optimizer_ops adamw_ops = {
    .name = "adamw",
    .config_bytes = sizeof(sluice_adam_config),
    .help = "Adam with decoupled weight decay, as PyTorch defines it",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .prepare = prepare,
    .apply = apply,
    .measure = sl_clip_measure,
    .wants_total = sl_adam_wants_total,
    .elementwise = true,
};

const sluice_optimizer_ops *sluice_adamw(void)
{
    return &adamw_ops;
}
