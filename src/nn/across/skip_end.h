/* The ends of skip connections: the layers that a model pairs by name. */
#ifndef SL_NN_ACROSS_SKIP_END_H
#define SL_NN_ACROSS_SKIP_END_H

#include <stdbool.h>

#include <sluice/across_layers.h>

/* Whether a layer is such an end.  Any thread. */
static inline bool sl_is_skip_end(const sluice_layer_ops *ops)
{
    return ops == sluice_stash() || ops == sluice_pop();
}

#endif
