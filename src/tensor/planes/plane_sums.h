/* Sums over the planes of images.  Any thread. */
#ifndef SL_TENSOR_PLANES_PLANE_SUMS_H
#define SL_TENSOR_PLANES_PLANE_SUMS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * sums[c] (+)= sum over r and i of a[r][c][i], summed in double in an order
 * that depends on the sizes alone, rounded once.
 *
 * Shapes      a[rows][channels][n], sums[channels].
 * Accumulates if `accumulate`, else overwrites.
 */
void sl_plane_sums(int64_t rows, int64_t channels, int64_t n, const float *a,
                   bool accumulate, float *sums);

#endif
