/* Which tensors decay.  Any thread; no state. */
#ifndef SL_NN_OPTIMIZERS_DECAY_H
#define SL_NN_OPTIMIZERS_DECAY_H

#include <sluice/optimizer.h>

/*
 * The weight decay of a tensor: `weight_decay` if it has two dimensions or
 * more, or if `all` do; otherwise 0.
 */
double sl_decay_of(const sluice_optimizer_call *call, double weight_decay,
                   bool all);

#endif
