/*
 * A convolution as matrix products of bands of an image: by OpenBLAS, or by
 * plain loops if the pipeline has chosen those.
 *
 * Threads: the stage's device.
 */
#ifndef SL_NN_IMAGES_BANDED_CONV_H
#define SL_NN_IMAGES_BANDED_CONV_H

#include <sluice/layer.h>

#include "nn/images/convolution.h"

/*
 * z = bias, if there is one, + the convolution of call->x; call->dx from
 * call->dy; the weight's gradient (+)= from both.  A device of a team makes its
 * share of the channels (convolution.h); z and dx are the whole.
 *
 * Returns  as sl_gemm_multiply().
 */
sluice_status sl_banded_conv_forward(const struct sl_convolution *conv,
                                     const sluice_layer_call *call, float *z);
sluice_status sl_banded_conv_input(const struct sl_convolution *conv,
                                   const sluice_layer_call *call);
sluice_status sl_banded_conv_weight(const struct sl_convolution *conv,
                                    const sluice_layer_call *call);

#endif
