/* Stochastic gradient descent.  The device that holds the parameters. */
#include <sluice/optimizer.h>

#include <float.h>

#include "nn/optimizers/clip.h"
#include "tensor/elementwise.h"

static const sluice_option options[] = {
    {
        .name = "learning-rate",
        .short_name = "lr",
        .help = "size of a step",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_sgd_config, learning_rate),
        .bytes = sizeof(double),
        .preset = 0.02,
        .max = 1e6,
        .above_min = true,
    },
    {
        .name = "momentum",
        .help = "share of the last update that is kept",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_sgd_config, momentum),
        .bytes = sizeof(double),
        .preset = 0.9,
        .max = 1,
        .below_max = true,
    },
    {
        .name = "nesterov",
        .help = "Nesterov's momentum",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_sgd_config, nesterov),
        .bytes = sizeof(bool),
    },
    {
        .name = "weight-decay",
        .help = "pull towards zero",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_sgd_config, weight_decay),
        .bytes = sizeof(double),
        .max = 1e6,
    },
    {
        .name = "clip",
        .help = "largest norm of all gradients together; 0: any",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_sgd_config, clip),
        .bytes = sizeof(double),
        .max = FLT_MAX,
    },
};

static sluice_status infer(const void *config, int *n_states,
                           double *learning_rate, sluice_diag *why)
{
    const sluice_sgd_config *sgd = config;
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
    struct sl_sgd sgd = {
        .scale = sl_clip_factor(config->clip, call),
        .rate = (float)call->learning_rate,
        .momentum = (float)config->momentum,
        .decay = (float)config->weight_decay,
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
};

const sluice_optimizer_ops *sluice_sgd(void)
{
    return &sgd_ops;
}
