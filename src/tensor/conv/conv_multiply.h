/*
 * The products of a convolution's pass.
 *
 * Threads: any; one at a time for the same scratch memory.
 */
#ifndef SL_TENSOR_CONV_CONV_MULTIPLY_H
#define SL_TENSOR_CONV_CONV_MULTIPLY_H

#include "tensor/conv/conv_pass.h"
#include "tensor/gemm/tiles.h"

/* Bytes of scratch memory, aligned to 64, for any number of images. */
int64_t sl_conv_multiply_bytes(const struct sl_conv_pass *pass);

/*
 * to = bias + rows * source, in the channels that are made; a bias for each of
 * these, or NULL.
 *
 * Shapes   rows as sl_conv_rows() made them; from, to of n_images images.
 */
void sl_conv_multiply(const struct sl_tiles *tiles,
                      const struct sl_conv_pass *pass, const float *rows,
                      const float *bias, int64_t n_images, const float *from,
                      float *to, void *scratch);

#endif
