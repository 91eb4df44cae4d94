/* Softmax of one row: through the processor's kernels.  Any thread. */
#include "tensor/softmax.h"

#include "tensor/kernels/kernels.h"

struct sl_softmax sl_softmax_row(int64_t n, const float *y)
{
    return sl_kernels()->softmax_row(n, y);
}

void sl_softmax_scaled(int64_t n, const float *y, struct sl_softmax row,
                       float scale, float *p)
{
    sl_kernels()->softmax_scaled(n, y, row, scale, p);
}
