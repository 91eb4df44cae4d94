/* Softmax of one row.  Any thread. */
#ifndef SL_TENSOR_SOFTMAX_H
#define SL_TENSOR_SOFTMAX_H

#include <stdint.h>

#include "tensor/kernels/operands.h"

/* Shapes  y[n], n >= 1.  NaN or +infinity anywhere makes `sum` NaN. */
struct sl_softmax sl_softmax_row(int64_t n, const float *y);

/* p = scale * softmax(y).  Shapes: y[n], p[n]; p may be y. */
void sl_softmax_scaled(int64_t n, const float *y, struct sl_softmax row,
                       float scale, float *p);

#endif
