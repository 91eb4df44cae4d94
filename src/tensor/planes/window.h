/*
 * A window that is moved over the planes of an image: the geometry of
 * convolution and pooling.  Any thread.
 *
 * Output (i, j) sees the inputs (i * stride - padding + a, j * stride - padding
 * + b), a and b counting from 0 to kernel - 1; what lies outside is padding.
 */
#ifndef SL_TENSOR_PLANES_WINDOW_H
#define SL_TENSOR_PLANES_WINDOW_H

#include <stdint.h>

struct sl_window {
    int64_t height; /* of the input */
    int64_t width;
    int64_t kernel;
    int64_t stride;
    int64_t padding;
    int64_t out_height;
    int64_t out_width;
};

/* Positions first <= i < end of the output. */
struct sl_outputs {
    int64_t first;
    int64_t end;
};

/* The outputs along an axis of `n` inputs and `n_out` outputs whose input
 * number `offset` of the window is not padding. */
static inline struct sl_outputs sl_window_inside(const struct sl_window *w,
                                                 int64_t n, int64_t n_out,
                                                 int64_t offset)
{
    int64_t before = w->padding - offset; /* inputs that are missing */
    int64_t first = before > 0 ? (before + w->stride - 1) / w->stride : 0;
    int64_t last = n - 1 + before; /* of the inputs, from output 0's */
    int64_t end = last >= 0 ? last / w->stride + 1 : 0;
    if (end > n_out)
        end = n_out;
    return (struct sl_outputs){first < end ? first : end, end};
}

#endif
