/*
 * Sums over the planes of images, in double: in an order that depends on the
 * sizes alone.  Any thread.
 */
#ifndef SL_TENSOR_PLANES_PLANE_SUMS_H
#define SL_TENSOR_PLANES_PLANE_SUMS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The sum over i of a[i]; of (a[i] - mean)^2; of (a[i] - mean) * b[i].
 *
 * Shapes  a, b [n].
 */
double sl_plane_sum(int64_t n, const float *a);
double sl_plane_squares(int64_t n, const float *a, float mean);
double sl_plane_dot(int64_t n, const float *a, float mean, const float *b);

/*
 * sums[c] (+)= sum over r and i of a[r][c][i], rounded once.
 *
 * Shapes      a[rows][channels][n], the rows `stride` elements apart,
 *             sums[channels].
 * Accumulates if `accumulate`, else overwrites.
 */
void sl_plane_sums(int64_t rows, int64_t channels, int64_t n, const float *a,
                   int64_t stride, bool accumulate, float *sums);

#endif
