/*
 * Element by element: sums, products and masks that layers need, and the update
 * of an optimizer.  Each result is rounded as the formula stands, so that it is
 * the same on every processor.
 *
 * Threads: any.
 */
#ifndef SL_TENSOR_ELEMENTWISE_H
#define SL_TENSOR_ELEMENTWISE_H

#include <stdbool.h>
#include <stdint.h>

#include "tensor/bfloat16.h"
#include "tensor/kernels/operands.h"

/* to += from.  Shapes: from, to [n]. */
void sl_add(int64_t n, const float *from, float *to);

/* product = a * b.  Shapes: a, b, product [n]; product may be a or b. */
void sl_multiply(int64_t n, const float *a, const float *b, float *product);

/* dy = scale * (y - t).  Shapes: y, t, dy [n]; dy may be y. */
void sl_scaled_difference(int64_t n, float scale, const float *y,
                          const float *t, float *dy);

/* The sum over i of (a[i] - b[i])^2 in double, in an order that depends on n
 * alone. */
double sl_squared_distance(int64_t n, const float *a, const float *b);

/* The sum over i of x[i]^2, in the same way. */
double sl_sum_of_squares(int64_t n, const float *x);

/* to = bits < threshold ? 0 : from * scale.  Shapes: bits, from, to [n]; to
 * may be from. */
void sl_mask(int64_t n, const uint32_t *bits, uint32_t threshold, float scale,
             const float *from, float *to);

/* to = sl_bf16_of(x).  Shapes: x, to [n]; they do not overlap. */
void sl_bf16_round(int64_t n, const float *x, sl_bfloat16 *to);

/*
 * The updates of optimizers.  What they keep from step to step (v, m, mean,
 * speed) is 0 where it would be denormal, less than FLT_MIN: without gradient
 * it falls below that for ever, and an update would take many times as long.
 */

/* Update w, and v if there is a momentum.  Shapes: w, g, v [n]. */
void sl_sgd_update(int64_t n, struct sl_sgd sgd, const float *g, float *w,
                   float *v);

/*
 * g = scale * g + decay * w;  m = beta1 * m + share1 * g;
 * v = beta2 * v + (share2 * g) * g;
 * w -= fade * w + (rate * m) / (sqrt(v) / root + epsilon), on the old w.
 *
 * Shapes   g, w, m, v [n]; g itself is not changed.
 */
void sl_adam_update(int64_t n, struct sl_adam adam, const float *g, float *w,
                    float *m, float *v);

/*
 * g = scale * g + decay * w;  v = alpha * v + (share * g) * g;
 * mean = alpha * mean + share * g;  step = g / (sqrt(v - mean^2) + epsilon);
 * speed = momentum * speed + step;  w -= rate * speed.
 *
 * v - mean^2 that rounding made negative counts as 0.  Without `mean` (NULL)
 * the root is that of v; without `speed`, w -= (rate * g) / (...).
 *
 * Shapes   g, w, v, mean, speed [n]; g itself is not changed.
 */
void sl_rmsprop_update(int64_t n, struct sl_rmsprop rmsprop, const float *g,
                       float *w, float *v, float *mean, float *speed);

#endif
