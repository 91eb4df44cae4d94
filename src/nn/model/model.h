/* What other modules may know of a model beyond its public functions. */
#ifndef SL_NN_MODEL_MODEL_H
#define SL_NN_MODEL_MODEL_H

#include <sluice/model.h>

struct sl_layer_list;

/* The model's layers, one after the other. */
const struct sl_layer_list *sl_model_layers(const sluice_model *model);

/* Bytes of a row of the model's input. */
int64_t sl_model_input_row_bytes(const sluice_model *model);

/* The model's copy of the config of layer `i`, for sluice_layer_call. */
const void *sl_model_layer_config(const sluice_model *model, int i);

#endif
