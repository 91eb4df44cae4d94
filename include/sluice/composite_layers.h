/*
 * Layers that hold others.  They are made with sluice_model_begin() and
 * sluice_model_end() (sluice/model.h), which say how their parameters are
 * named; no cut divides them.
 */
#ifndef SLUICE_COMPOSITE_LAYERS_H
#define SLUICE_COMPOSITE_LAYERS_H

#include <sluice/layer.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * y = f(x), where f is the layers inside, one after the other: a run of layers
 * that no cut divides.  It is made with sluice_model_begin() and
 * sluice_model_end(), which say how its parameters are named.
 *
 * Saves  what the layers inside save, the tensors between them that a backward
 *        pass reads, and the gradients between them for backward_weight().
 */
SLUICE_API const sluice_layer_ops *sluice_sequence(void);

/*
 * y = x + f(x), element by element (He et al., 2016), where f is the layers
 * inside; it is made as a sequence is.  x and f(x) have the same number of
 * elements; y has the shape of x.
 *
 * Saves  as a sequence, and f(x) if a backward pass of the last layer inside
 *        reads its y.
 */
SLUICE_API const sluice_layer_ops *sluice_residual(void);

/*
 * branches: y = f(x) + g(x) + ..., concat: y = f(x), g(x), ... behind each
 * other along the first dimension, which is that of the channels of an image.
 * The layers inside are handed the same x; a branch of several is a sequence
 * inside.  They are made as a sequence is.  For the sum all have as many
 * elements, and y has the shape of the first one's; for concat the dims behind
 * the first are equal.
 *
 * Saves  what the layers inside save, the outputs that a backward pass reads,
 *        and for backward_weight() the gradients of all layers but the first of
 *        branches.
 */
SLUICE_API const sluice_layer_ops *sluice_branches(void);
SLUICE_API const sluice_layer_ops *sluice_concat(void);

#ifdef __cplusplus
}
#endif

#endif
