/*
 * Normalizing planes of images: what group and batch normalization do to one
 * plane, or to several that lie behind each other.  Any thread.
 */
#ifndef SL_TENSOR_PLANES_PLANE_NORM_H
#define SL_TENSOR_PLANES_PLANE_NORM_H

#include "tensor/kernels/operands.h"

/* y = (x - mean) * scale + bias.  Shapes: x, y [n]. */
void sl_plane_normalize(int64_t n, const float *x, float mean, float scale,
                        float bias, float *y);

/* dx = the gradient by x, see sl_plane_slope.  Shapes: x, dy, dx [n]. */
void sl_plane_gradient(int64_t n, struct sl_plane_slope slope, const float *x,
                       float mean, const float *dy, float *dx);

#endif
