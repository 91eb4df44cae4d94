/* Stochastic gradient descent.  The device that holds the parameters. */
#include <sluice/optimizer.h>

#include <float.h>

#include "nn/optimizers/clip.h"
#include "nn/optimizers/decay.h"
#include "nn/optimizers/optimizer_options.h"
#include "tensor/elementwise.h"

static const sluice_option options[] = {
    SL_OPTION_LEARNING_RATE(sluice_sgd_config, 0.02),
    SL_OPTION_MOMENTUM(sluice_sgd_config, 0.9),
    {
        .name = "nesterov",
        .help = "Nesterov's momentum",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_sgd_config, nesterov),
        .bytes = sizeof(bool),
    },
    SL_OPTION_WEIGHT_DECAY(sluice_sgd_config, "", 0),
    SL_OPTION_DECAY_ONLY(sluice_sgd_config),
    SL_OPTION_CLIP(sluice_sgd_config),
};

static sluice_status infer(const void *config, int *n_states,
                           double *learning_rate, sluice_diag *why)
{
    const sluice_sgd_config *sgd = config;
    if (!sgd)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "sgd: there is no config; give one with a "
                               "`learning_rate`");
    if (!(sgd->learning_rate > 0 && sgd->learning_rate <= FLT_MAX))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "sgd: learning rate %g; it must be positive, "
                               "and finite as a float",
                               sgd->learning_rate);
    if (!(sgd->momentum >= 0 && sgd->momentum < 1))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "sgd: momentum %g; it must be at least 0 and "
                               "less than 1",
                               sgd->momentum);
    if (!(sgd->weight_decay >= 0 && sgd->weight_decay <= FLT_MAX))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "sgd: weight decay %g; it cannot be negative, "
                               "and must be finite as a float",
                               sgd->weight_decay);
    if (sgd->nesterov && sgd->momentum == 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "sgd: Nesterov's method needs a momentum; set "
                               "`momentum`");
    if (!(sgd->clip >= 0 && sgd->clip <= FLT_MAX))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "sgd: clip %g; it cannot be negative, and must "
                               "be finite as a float",
                               sgd->clip);
    *n_states = sgd->momentum > 0 ? 1 : 0;
    *learning_rate = sgd->learning_rate;
    return SLUICE_OK;
}

static bool wants_total(const void *config)
{
    const sluice_sgd_config *sgd = config;
    return sgd->clip > 0;
}

static sluice_status prepare(const sluice_optimizer_call *call)
{
    const sluice_sgd_config *config = call->config;
    return sl_clip_prepare("sgd", config->clip, call);
}

/* The state starts at zero, so that v = g at the first step. */
static void apply(const sluice_optimizer_call *call)
{
    const sluice_sgd_config *config = call->config;
    const struct sl_decay decay = {config->weight_decay, true,
                                   config->decay_only};
    struct sl_sgd sgd = {
        .scale = sl_clip_factor(config->clip, call),
        .rate = (float)call->learning_rate,
        .momentum = (float)config->momentum,
        .decay = (float)sl_decay_of(call, decay),
        .nesterov = config->nesterov,
    };
    sl_sgd_update(call->n, sgd, call->g, call->w, call->state[0]);
}

static const sluice_optimizer_ops sgd_ops = {
    .name = "sgd",
    .config_bytes = sizeof(sluice_sgd_config),
    .help = "stochastic gradient descent, as PyTorch defines it",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .prepare = prepare,
    .apply = apply,
    .measure = sl_clip_measure,
    .wants_total = wants_total,
    .elementwise = true,
};

const sluice_optimizer_ops *sluice_sgd(void)
{
    return &sgd_ops;
}
