/* A step of Adam.  The device that holds the parameters. */
#include "nn/optimizers/adam_step.h"

#include <math.h>

#include "base/text/options.h"
#include "nn/optimizers/clip.h"
#include "nn/optimizers/decay.h"
#include "tensor/elementwise.h"

static struct sl_decay decay_config(const sluice_adam_config *config)
{
    return (struct sl_decay){config->weight_decay, config->decay_all,
                             config->decay_only};
}

sluice_status sl_adam_infer(const sluice_option_table *table,
                            const void *config, int *n_states,
                            double *learning_rate, sluice_diag *why)
{
    const sluice_adam_config *adam = config;
    sluice_status st = sl_options_check(table, config, why);
    if (!st)
        st = sl_decay_check(table->owner, decay_config(adam), why);
    if (st)
        return st;
    *n_states = 2;
    *learning_rate = adam->learning_rate;
    return SLUICE_OK;
}

bool sl_adam_wants_total(const void *config)
{
    const sluice_adam_config *adam = config;
    return adam->clip > 0;
}

/* base^n by squaring.  pow() rounds differently on processors with and without
 * fused multiply-add, and the factors must have the same bits on all. */
static double power(double base, uint64_t n)
{
    double product = 1;
    for (; n; n /= 2) {
        if (n % 2)
            product *= base;
        base *= base;
    }
    return product;
}

void sl_adam_apply(const sluice_optimizer_call *call, enum sl_adam_decay kind)
{
    const sluice_adam_config *config = call->config;
    uint64_t t = call->step + 1;
    double rate = call->learning_rate;
    double decay = sl_decay_of(call, decay_config(config));
    const struct sl_adam adam = {
        .scale = sl_clip_factor(config->clip, call),
        .decay = kind == SL_ADAM_L2 ? (float)decay : 0,
        .fade = kind == SL_ADAM_DECOUPLED ? (float)(rate * decay) : 0,
        .beta1 = (float)config->beta1,
        .share1 = (float)(1 - config->beta1),
        .beta2 = (float)config->beta2,
        .share2 = (float)(1 - config->beta2),
        .rate = (float)(rate / (1 - power(config->beta1, t))),
        .root = (float)sqrt(1 - power(config->beta2, t)),
        .epsilon = (float)config->epsilon,
    };
    sl_adam_update(call->n, adam, call->g, call->w, call->state[0],
                   call->state[1]);
}
