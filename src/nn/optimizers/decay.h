/* Which tensors decay.  Any thread; no state. */
#ifndef SL_NN_OPTIMIZERS_DECAY_H
#define SL_NN_OPTIMIZERS_DECAY_H

#include <sluice/optimizer.h>

/* What a config says: `only` is its decay_only, `all` its decay_all. */
struct sl_decay {
    double weight_decay;
    bool all;
    const char *only; /* [SLUICE_DECAY_PATTERN] */
};

/*
 * The weight decay of a tensor: `weight_decay` if `only` names it, or, if that
 * is "", if all decay or it has two dimensions or more; otherwise 0.
 */
double sl_decay_of(const sluice_optimizer_call *call, struct sl_decay decay);

/*
 * Refuse a decay_only beside a decay_all, of an optimizer's config.
 *
 * Returns  SLUICE_OK, SLUICE_INVALID.
 */
sluice_status sl_decay_check(const char *optimizer, struct sl_decay decay,
                             sluice_diag *why);

#endif
