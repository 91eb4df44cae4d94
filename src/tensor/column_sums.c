/* Column sums: through the processor's kernels.  Any thread. */
#include "tensor/column_sums.h"

#include "tensor/kernels/kernels.h"

void sl_column_sums(int64_t rows, int64_t n, const float *a, bool accumulate,
                    float *sums)
{
    sl_kernels()->column_sums(rows, n, a, n, accumulate, sums);
}

void sl_column_sums_strided(int64_t rows, int64_t n, const float *a,
                            int64_t stride, bool accumulate, float *sums)
{
    sl_kernels()->column_sums(rows, n, a, stride, accumulate, sums);
}
