/*
 * Attention over one row of scores: the softmax of what a query found, and its
 * slopes.  Sums are taken in double, in an order that depends on the length of
 * a row alone.
 *
 * Threads: any.
 */
#ifndef SL_TENSOR_ATTEND_H
#define SL_TENSOR_ATTEND_H

#include <stdint.h>

#include "tensor/kernels/operands.h"

/*
 * s = exp(s - largest), `largest` being that of s.
 *
 * Shapes   s[n], n >= 1.
 * Returns  the sum of s as it is then, at least 1; NaN if there was NaN or
 *          +infinity.
 */
double sl_attend(int64_t n, float *s, float *largest);

/*
 * Of the scores in s and the gradients by the probabilities in ds:
 *
 *     s = exp(s - row.largest) * row.scale;  ds = s * (ds - delta)
 *
 * Shapes   s, ds [n].
 */
void sl_attend_slopes(int64_t n, struct sl_attended row, float delta, float *s,
                      float *ds);

/* The sum over i of a[i] * b[i]. */
double sl_dot(int64_t n, const float *a, const float *b);

#endif
