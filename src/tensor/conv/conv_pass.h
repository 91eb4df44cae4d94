/*
 * A convolution as products of a matrix that is never there as a whole: its
 * columns are gathered, panel by panel, as the tiles of gemm/tiles.h read them.
 *
 * A pass computes a grid of outputs: c[row][column] = sum over channels and
 * taps of a[row][channel, tap] * source.  The forward is one pass.  The input
 * gradient is one for each remainder of a pixel's row and column by the stride:
 * those pixels see the same elements of the window.
 *
 * The source is read as planes of its own: one for each remainder by the
 * stride, with a margin of zeros for the padding, so that neighbours of a row
 * of the grid lie beside each other.  An element of c is one chain of fused
 * multiply-adds over channels and, in each, taps, as in gemm/tiles.h.
 *
 * Threads: any.
 */
#ifndef SL_TENSOR_CONV_CONV_PASS_H
#define SL_TENSOR_CONV_CONV_PASS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/split.h"
#include "tensor/planes/window.h"

enum {
    SL_CONV_KERNEL = 7, /* the largest window */
    SL_CONV_TAPS = SL_CONV_KERNEL * SL_CONV_KERNEL,
};

/* An element of the window, `at` of the weights of a channel; it sees the
 * source's pixel (row, column) from the place of the output on. */
struct sl_conv_tap {
    int64_t at;
    int64_t row;
    int64_t column;
};

/* Pixels: channels of an image and the images of a micro-batch. */
struct sl_conv_images {
    int64_t channels; /* of the group */
    int64_t height;
    int64_t width;
    int64_t image; /* floats from image to image */
};

struct sl_conv_pass {
    struct sl_conv_images from;
    struct sl_conv_images to;
    int64_t stride; /* of the source's planes */
    int64_t phases; /* remainders by it that taps have */
    int64_t shift;  /* zeros before the first pixel */
    int64_t reach;  /* rows and columns that outputs see beyond their place */

    /* Outputs (i, j) of the grid are at (row + i * step, column + j * step) of
     * `to`, and begin to read at (first_row + i, first_column + j). */
    int64_t n_rows;
    int64_t n_columns;
    int64_t first_row;
    int64_t first_column;
    int64_t step;
    int64_t row;
    int64_t column;

    /* Channels of `to` that are computed: all, unless a device of a team makes
     * some.  Chunks are those of all, and therefore the bits are, too. */
    struct sl_rows made;

    int n_taps; /* 0: nothing is computed */
    struct sl_conv_tap taps[SL_CONV_TAPS];
};

/* The passes of a group of channels of a convolution: x has `in` channels, y
 * `out`, and images have so many floats.  Passes make all channels; a caller
 * may set less in `made`. */
struct sl_conv_shape {
    struct sl_window window;
    int64_t in;
    int64_t out;
    int64_t x_image;
    int64_t y_image;
};

/* Passes of the input gradient. */
int sl_conv_n_input_passes(const struct sl_conv_shape *shape);

void sl_conv_forward_pass(const struct sl_conv_shape *shape,
                          struct sl_conv_pass *pass);
void sl_conv_input_pass(const struct sl_conv_shape *shape, int i,
                        struct sl_conv_pass *pass);

/* Rows of the matrix. */
int64_t sl_conv_depth(const struct sl_conv_pass *pass);

#endif
