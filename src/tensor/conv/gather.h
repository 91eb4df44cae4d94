/*
 * Rows of a convolution's matrix: what an element of the window sees, channel
 * by channel, for some columns; and the planes that they are gathered from.
 * Each instruction set that has tiles has such functions (gemm/tiles.h).
 *
 * Threads: any.
 */
#ifndef SL_TENSOR_CONV_GATHER_H
#define SL_TENSOR_CONV_GATHER_H

#include <stdint.h>

/* Columns whose sources lie behind each other. */
struct sl_run {
    int64_t from; /* of the first, in a channel */
    int64_t to;   /* its place in a row */
    int64_t n;
};

/* Row k, of channel c = k / n_taps and tap t = k % n_taps, has in column i of a
 * run the element from[c * plane + taps[t] + run.from + i]. */
struct sl_gather {
    const float *from;
    int64_t plane; /* floats from channel to channel */
    const int64_t *taps;
    int64_t n_taps;
    const struct sl_run *runs;
    int n_runs;
    int64_t to_row; /* floats from row to row of what is written */
};

/* Write rows first to first + n_rows. */
typedef void sl_gather_rows(const struct sl_gather *gather, int64_t first,
                            int64_t n_rows, float *to);

/* Rows of pixels with a margin of zeros.  Row i is that of `from` which is
 * first + i * stride rows down, zero if the image has no such row; element j is
 * the pixel begin + j * stride of it, zero if there is none. */
struct sl_pixels {
    const float *from; /* a plane of height by width pixels */
    int64_t height;
    int64_t width;
    int64_t stride;
    int64_t first;
    int64_t begin;
    int64_t n_rows;
    int64_t n_columns;
};

/* Write to[n_rows][n_columns]. */
typedef void sl_pixel_rows(const struct sl_pixels *spread, float *to);

#endif
