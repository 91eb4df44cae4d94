/*
 * Convolution as a matrix product: the inputs that each output sees, as a
 * matrix (Chellapilla et al., 2006).  Any thread.
 *
 * The rows of the matrix are the elements (channel, a, b) of the window, its
 * columns the outputs of some rows of the image.
 */
#ifndef SL_TENSOR_PLANES_IM2COL_H
#define SL_TENSOR_PLANES_IM2COL_H

#include "tensor/planes/window.h"

/* Channels of an image, and the rows of the output that are wanted. */
struct sl_band {
    int64_t channels;
    int64_t first_row;
    int64_t n_rows;
};

/*
 * Write the matrix; padding is 0.
 *
 * Shapes   x[channels][height][width],
 *          columns[channels * kernel * kernel][n_rows * out_width].
 */
void sl_im2col(const struct sl_window *window, struct sl_band band,
               const float *x, float *columns);

/*
 * Add each element of the matrix to the input that it was taken from, in the
 * order of the matrix's rows; what came from padding is dropped.
 *
 * Shapes   as sl_im2col(), dx as x.
 */
void sl_im2col_back(const struct sl_window *window, struct sl_band band,
                    const float *columns, float *dx);

#endif
