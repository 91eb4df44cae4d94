/*
 * Layer normalization of rows (Ba et al., 2016).
 *
 * Sums are taken in double, in an order that depends on the length of a row
 * alone.  Threads: any.
 */
#ifndef SL_TENSOR_NORMALIZE_H
#define SL_TENSOR_NORMALIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "tensor/kernels/operands.h"

/*
 * y = (x - mean) * scale * weight + bias.
 *
 * Shapes   x, y [rows][n]; weight, bias [n]; writes moments[rows].
 */
void sl_normalize_forward(int64_t rows, int64_t n, double epsilon,
                          const float *x, const float *weight,
                          const float *bias, struct sl_moments *moments,
                          float *y);

/*
 * With h = (x - mean) * scale and g = dy * weight:
 *
 *     dx = scale * (g - mean(g) - h * mean(g * h))
 *
 * Shapes   x, dy, dx [rows][n]; moments[rows] of the forward; weight[n].
 */
void sl_normalize_backward(int64_t rows, int64_t n,
                           const struct sl_moments *moments,
                           const float *weight, const float *x, const float *dy,
                           float *dx);

/*
 * dweight (+)= sum over rows of dy * h, dbias (+)= sum over rows of dy; row 0
 * first, rounded once.  The columns may be some of a matrix: a sum depends on
 * its own column alone.
 *
 * Shapes      x, dy [rows][n], rows `stride` floats apart; moments[rows];
 *             dweight, dbias [n].
 * Accumulates if `accumulate`, else overwrites.
 */
void sl_normalize_weight(int64_t rows, int64_t n, int64_t stride,
                         const struct sl_moments *moments, const float *x,
                         const float *dy, bool accumulate, float *dweight,
                         float *dbias);

#endif
