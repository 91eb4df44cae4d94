/* Which tensors decay.  The device that holds the parameters. */
#include "nn/optimizers/decay.h"

double sl_decay_of(const sluice_optimizer_call *call, double weight_decay,
                   bool all)
{
    return all || call->shape->n_dims >= 2 ? weight_decay : 0;
}
