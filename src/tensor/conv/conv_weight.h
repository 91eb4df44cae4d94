/*
 * The weight gradient of a convolution, a forward pass's.
 *
 * Threads: any; one at a time for the same scratch memory.
 */
#ifndef SL_TENSOR_CONV_CONV_WEIGHT_H
#define SL_TENSOR_CONV_CONV_WEIGHT_H

#include "tensor/conv/conv_pass.h"
#include "tensor/gemm/tiles.h"

/* Bytes of scratch memory, aligned to 64, for any number of images. */
int64_t sl_conv_weight_bytes(const struct sl_conv_pass *pass);

/*
 * dw (+)= dy * transpose(source).  How it is made depends on the number of
 * images, and with it the bits.
 *
 * Shapes      x, dy as `from` and `to` of the pass, of n_images images;
 *             dw[made.n][from.channels * taps].
 * Accumulates if `accumulate`, else overwrites.
 */
void sl_conv_weight(const struct sl_tiles *tiles,
                    const struct sl_conv_pass *pass, int64_t n_images,
                    const float *x, const float *dy, bool accumulate, float *dw,
                    void *scratch);

#endif
