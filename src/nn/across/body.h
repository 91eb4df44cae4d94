/*
 * The ends of a model, and the model without its last end.
 *
 * Threads: the thread that builds it; constant while pipelines run.
 */
#ifndef SL_NN_ACROSS_BODY_H
#define SL_NN_ACROSS_BODY_H

#include <sluice/model.h>

/* The layer at an end of a model: the first or last one, or, if that is a
 * sequence, the first or last one inside. */
struct sl_end_layer {
    const sluice_layer_ops *ops;
    const void *config;
    const sluice_layer_plan *plan; /* of itself */
    int layer;                     /* of the model, in which it is */
    int param;  /* the first of its parameters in that layer */
    int number; /* of this parameter among all of the model */
};

/* Both ends of a model that has layers. */
struct sl_end_layer sl_model_first_end(const sluice_model *model);
struct sl_end_layer sl_model_last_end(const sluice_model *model);

/* How the layer of the model describes the end's first parameter, which it has:
 * also what that is tied to. */
const sluice_param_spec *sl_end_spec(const sluice_model *model,
                                     const struct sl_end_layer *end);

/*
 * The model without its last end, as a model of its own that shares all other
 * layers: the model outlives it.  No skip connection goes to that end.
 * sl_model_body_destroy() allows NULL.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_model_body_create(const sluice_model *model,
                                   const sluice_allocator *allocator,
                                   sluice_model **out, sluice_diag *why);
void sl_model_body_destroy(sluice_model *body);

#endif
