/*
 * Normalization of rows by the root of their mean square (Zhang and Sennrich,
 * 2019).
 *
 * Sums are taken in double, in an order that depends on the length of a row
 * alone.  Threads: any.
 */
#ifndef SL_TENSOR_RMS_H
#define SL_TENSOR_RMS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * y = x * scale * weight, with scale = 1 / sqrt(mean(x * x) + epsilon).
 *
 * Shapes   x, y [rows][n]; weight[n]; writes scales[rows].
 */
void sl_rms_forward(int64_t rows, int64_t n, double epsilon, const float *x,
                    const float *weight, float *scales, float *y);

/*
 * With h = x * scale and g = dy * weight:
 *
 *     dx = scale * (g - h * mean(g * h))
 *
 * Shapes   x, dy, dx [rows][n]; scales[rows] of the forward; weight[n].
 */
void sl_rms_backward(int64_t rows, int64_t n, const float *scales,
                     const float *weight, const float *x, const float *dy,
                     float *dx);

/*
 * dweight (+)= sum over rows of dy * h; row 0 first, rounded once.  The columns
 * may be some of a matrix: a sum depends on its own column alone.
 *
 * Shapes      x, dy [rows][n], rows `stride` floats apart; scales[rows];
 *             dweight[n].
 * Accumulates if `accumulate`, else overwrites.
 */
void sl_rms_weight(int64_t rows, int64_t n, int64_t stride, const float *scales,
                   const float *x, const float *dy, bool accumulate,
                   float *dweight);

#endif
