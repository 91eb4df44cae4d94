/*
 * A convolution by the tiles of the backend `packed`, where the pipeline has
 * chosen that (tensor/conv/conv_pass.h).
 *
 * Threads: the stage's device; the thread that builds the model for the plan.
 */
#ifndef SL_NN_IMAGES_TILED_CONV_H
#define SL_NN_IMAGES_TILED_CONV_H

#include <sluice/layer.h>

#include "nn/images/convolution.h"
#include "tensor/gemm/tiles.h"

/* Add to a plan whose product 0 is the convolution's what tiles need: scratch,
 * and copies of the weights.  Nothing if it cannot be made by tiles. */
void sl_tiled_conv_plan(const struct sl_convolution *conv,
                        sluice_layer_plan *plan);

/* The tiles for a call; NULL: it is made by im2col and strides. */
const struct sl_tiles *sl_tiled_conv_tiles(const sluice_layer_call *call);

/*
 * z = bias + the convolution of call->x; dx from call->dy; dw (+)= from both,
 * added if `accumulate`.  `bias` may be NULL.  A device of a team makes its
 * share of the channels (convolution.h); z and dx are the whole.
 */
void sl_tiled_conv_forward(const struct sl_tiles *tiles,
                           const struct sl_convolution *conv,
                           const sluice_layer_call *call, const float *bias,
                           float *z);
void sl_tiled_conv_input(const struct sl_tiles *tiles,
                         const struct sl_convolution *conv,
                         const sluice_layer_call *call);
void sl_tiled_conv_weight(const struct sl_tiles *tiles,
                          const struct sl_convolution *conv,
                          const sluice_layer_call *call, float *dw);

#endif
