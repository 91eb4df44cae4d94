/* Sums over the rows of a matrix.  Any thread. */
#ifndef SL_TENSOR_COLUMN_SUMS_H
#define SL_TENSOR_COLUMN_SUMS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * sums[j] (+)= sum over r of a[r][j], summed in double, row 0 first, rounded
 * once: it depends on the rows and on nothing else.
 *
 * Shapes      a[rows][n], sums[n].
 * Accumulates if `accumulate`, else overwrites.
 */
void sl_column_sums(int64_t rows, int64_t n, const float *a, bool accumulate,
                    float *sums);

/* The same of n columns of a matrix whose rows are `stride` floats apart, with
 * the same bits. */
void sl_column_sums_strided(int64_t rows, int64_t n, const float *a,
                            int64_t stride, bool accumulate, float *sums);

#endif
