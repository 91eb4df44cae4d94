/* The activations: what linear and activate layers know of each. */
#ifndef SL_NN_LAYERS_ACTIVATION_H
#define SL_NN_LAYERS_ACTIVATION_H

#include <stdbool.h>

#include <sluice/layer.h>

#include "tensor/pointwise.h"

struct sl_activation {
    const char *name;
    bool from_y;      /* backward() reads y ... */
    bool from_z;      /* ... or what it was applied to */
    sluice_init init; /* of the weights before it */
    int64_t flops;    /* per element, in each direction; a rough count */
    sl_pointwise_forward *forward;
    sl_pointwise_backward *backward;
};

/* The name of activation `i`; NULL behind the last.  For options. */
const char *sl_activation_word(int i);

/* Its row of the table; NULL if it is not an activation. */
const struct sl_activation *sl_activation_get(sluice_activation activation);

#endif
