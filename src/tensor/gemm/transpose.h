/*
 * Copies of matrices with rows and columns exchanged.
 *
 * Threads: any.
 */
#ifndef SL_TENSOR_GEMM_TRANSPOSE_H
#define SL_TENSOR_GEMM_TRANSPOSE_H

#include <stdint.h>

/* to[k][j] = from[j][k], for n_rows of from by n_columns; rows of the two are
 * from_row and to_row floats apart. */
void sl_transpose(int64_t n_rows, int64_t n_columns, const float *from,
                  int64_t from_row, float *to, int64_t to_row);

#endif
