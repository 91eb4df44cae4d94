/* RMSProp.  The device that holds the parameters. */
#include <sluice/optimizer.h>

#include <float.h>

#include "base/text/options.h"
#include "nn/optimizers/clip.h"
#include "nn/optimizers/decay.h"
#include "nn/optimizers/optimizer_options.h"
#include "tensor/elementwise.h"

static const sluice_option options[] = {
    SL_OPTION_LEARNING_RATE(sluice_rmsprop_config, 0.01),
    {
        .name = "alpha",
        .help = "share of the squares' average that is kept",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_rmsprop_config, alpha),
        .bytes = sizeof(double),
        .preset = 0.99,
        .max = 1,
        .above_min = true,
        .below_max = true,
    },
    SL_OPTION_EPSILON(sluice_rmsprop_config),
    SL_OPTION_MOMENTUM(sluice_rmsprop_config, 0),
    {
        .name = "centered",
        .help = "divide by the deviation, not the root of the squares",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_rmsprop_config, centered),
        .bytes = sizeof(bool),
    },
    SL_OPTION_WEIGHT_DECAY(sluice_rmsprop_config, ", by the gradient", 0),
    SL_OPTION_DECAY_ALL(sluice_rmsprop_config),
    SL_OPTION_DECAY_ONLY(sluice_rmsprop_config),
    SL_OPTION_CLIP(sluice_rmsprop_config),
};

static struct sl_decay decay_config(const sluice_rmsprop_config *config)
{
    return (struct sl_decay){config->weight_decay, config->decay_all,
                             config->decay_only};
}

static sluice_status infer(const void *config, int *n_states,
                           double *learning_rate, sluice_diag *why)
{
    const sluice_rmsprop_config *rmsprop = config;
    const sluice_option_table table =
        sluice_optimizer_options(sluice_rmsprop());
    sluice_status st = sl_options_check(&table, config, why);
    if (!st)
        st = sl_decay_check(table.owner, decay_config(rmsprop), why);
    if (st)
        return st;
    *n_states = 1 + rmsprop->centered + (rmsprop->momentum > 0);
    *learning_rate = rmsprop->learning_rate;
    return SLUICE_OK;
}

static bool wants_total(const void *config)
{
    const sluice_rmsprop_config *rmsprop = config;
    return rmsprop->clip > 0;
}

static sluice_status prepare(const sluice_optimizer_call *call)
{
    const sluice_rmsprop_config *rmsprop = call->config;
    return sl_clip_prepare("rmsprop", rmsprop->clip, call);
}

/* The states are v, then the mean of the gradients if centered, then the speed
 * if there is a momentum. */
static void apply(const sluice_optimizer_call *call)
{
    const sluice_rmsprop_config *config = call->config;
    const struct sl_rmsprop rmsprop = {
        .scale = sl_clip_factor(config->clip, call),
        .decay = (float)sl_decay_of(call, decay_config(config)),
        .alpha = (float)config->alpha,
        .share = (float)(1 - config->alpha),
        .rate = (float)call->learning_rate,
        .epsilon = (float)config->epsilon,
        .momentum = (float)config->momentum,
    };
    float *mean = config->centered ? call->state[1] : NULL;
    float *speed =
        config->momentum > 0 ? call->state[1 + config->centered] : NULL;
    sl_rmsprop_update(call->n, rmsprop, call->g, call->w, call->state[0], mean,
                      speed);
}

static const sluice_optimizer_ops rmsprop_ops = {
    .name = "rmsprop",
    .config_bytes = sizeof(sluice_rmsprop_config),
    .help = "gradients over the root of their mean square, as PyTorch "
            "defines it",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .prepare = prepare,
    .apply = apply,
    .measure = sl_clip_measure,
    .wants_total = wants_total,
    .elementwise = true,
};

const sluice_optimizer_ops *sluice_rmsprop(void)
{
    return &rmsprop_ops;
}
