/* Whether a layer takes the type of elements that it will be handed. */
#ifndef SL_NN_MODEL_ELEMENT_CHECK_H
#define SL_NN_MODEL_ELEMENT_CHECK_H

#include <sluice/element.h>

#include "nn/layers/composite.h"

/* What stands before the next layer of a model under construction. */
struct sl_source_of_rows {
    sluice_element input; /* of the model */
    const struct sl_layer_list *layers;
    const struct sl_layer *open; /* the innermost composite under way, or NULL;
                                    the next layer goes inside */
};

/*
 * Whether `takes` is what the next layer, `ops`, is handed: float32 from a
 * layer before it, else the elements of the model's input.
 *
 * Threads  the thread that builds the model.
 * Returns  SLUICE_OK; SLUICE_INVALID with both sides and what to do.
 */
sluice_status sl_check_element(const struct sl_source_of_rows *before,
                               const sluice_layer_ops *ops,
                               sluice_element takes, sluice_diag *why);

#endif
