/*
 * Layers that share a tensor with another layer, which may lie on another
 * stage: a parameter, by sluice_model_tie().
 */
#ifndef SLUICE_ACROSS_LAYERS_H
#define SLUICE_ACROSS_LAYERS_H

#include <stdint.h>

#include <sluice/export.h>
#include <sluice/layer.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * y = x * transpose(weight[vocabulary, width]) for each vector along the last
 * dimension of x: a score for each row of the table, without a bias.  The table
 * lies as an embedding has it, so that sluice_model_tie() can make them one.
 * It starts uniform as Xavier's, or normal with the standard deviation `std`.
 *
 * Shapes  y[rows, ..., vocabulary] of x[rows, ..., width].
 * Saves   nothing.
 */
typedef struct sluice_head_config {
    int64_t vocabulary;
    float std; /* 0: XAVIER */
} sluice_head_config;
SLUICE_API const sluice_layer_ops *sluice_head(void);

#ifdef __cplusplus
}
#endif

#endif
