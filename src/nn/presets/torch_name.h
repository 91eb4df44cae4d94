/*
 * The names that a parameter has in PyTorch if the layers are the modules of a
 * Sequential.  There an activation is a module of its own: a layer with
 * parameters and an activation counts as two, so that "2.weight" of
 * Sequential(Linear, ReLU, Linear) is our "1.weight" of two linear layers.  The
 * parameters of attention have the names of MultiheadAttention.
 *
 * Threads: any; no state.
 */
#ifndef SL_NN_PRESETS_TORCH_NAME_H
#define SL_NN_PRESETS_TORCH_NAME_H

#include <stdbool.h>

#include <sluice/model.h>

enum { SL_TORCH_NAME = SLUICE_PARAMETER_NAME + 64 };

/* The name of parameter `param` of a layer. */
void sl_torch_name(const sluice_model *model, int layer, int param,
                   char name[SL_TORCH_NAME]);

/* Whether PyTorch has a parameter as [out, in] where we have [in, out]: a
 * matrix among the products of its layer.  That of a head is [out, in] in both.
 */
bool sl_torch_is_transposed(const sluice_model *model, int layer, int param);

#endif
