/*
 * A layer of a model: a copy of its config, and the plan that infer() fills.
 *
 * Threads: the thread that builds the model.
 */
#ifndef SL_NN_MODEL_MODEL_LAYER_H
#define SL_NN_MODEL_MODEL_LAYER_H

#include <sluice/memory.h>

#include "nn/layers/composite.h"

/* A copy of `ops` and `config`, not yet settled; NULL if there is no memory. */
struct sl_layer *sl_layer_create(const sluice_allocator *allocator,
                                 const sluice_layer_ops *ops,
                                 const void *config);

/*
 * Settle the layer's plan, perhaps anew, for rows of shape `in`.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY; what infer() returned;
 *          SLUICE_INVALID for a plan that cannot be.
 */
sluice_status sl_layer_settle(const sluice_allocator *allocator,
                              struct sl_layer *layer, const sluice_shape *in,
                              sluice_diag *why);

/* With all layers inside it; `layer` may be open, that is, not settled. */
void sl_layer_free(const sluice_allocator *allocator, struct sl_layer *layer);

/* All layers of a list, and what it allocated. */
void sl_layers_free(const sluice_allocator *allocator,
                    struct sl_layer_list *list);

#endif
