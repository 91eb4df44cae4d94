/* What other modules may know of a model beyond its public functions. */
#ifndef SL_NN_MODEL_MODEL_H
#define SL_NN_MODEL_MODEL_H

#include <sluice/model.h>

struct sl_layer_list;
struct sl_skip_list;

/* A place where the model uses a parameter. */
struct sl_parameter_use {
    int layer;
    int param; /* in the layer */
};

/* The model's layers, one after the other. */
const struct sl_layer_list *sl_model_layers(const sluice_model *model);

/*
 * Whether every stash is popped: the model can be run.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID naming one that is not.
 */
sluice_status sl_model_check_skips(const sluice_model *model, sluice_diag *why);

/* Its skip connections. */
const struct sl_skip_list *sl_model_skips(const sluice_model *model);

/* Bytes of a row of the model's input. */
int64_t sl_model_input_row_bytes(const sluice_model *model);

/* The model's copy of the config of layer `i`, for sluice_layer_call. */
const void *sl_model_layer_config(const sluice_model *model, int i);

/*
 * The use of that name, "13.weight", tied or not.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND as sluice_model_find_parameter().
 */
sluice_status sl_model_find_use(const sluice_model *model, const char *name,
                                struct sl_parameter_use *use, sluice_diag *why);

/* Its spec, and the first use of the same tensor: itself if it is not tied. */
const sluice_param_spec *sl_model_spec(const sluice_model *model,
                                       struct sl_parameter_use use);
struct sl_parameter_use sl_model_first_use(const sluice_model *model,
                                           struct sl_parameter_use use);

#endif
