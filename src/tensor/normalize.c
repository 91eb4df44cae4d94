/* Layer normalization: through the processor's kernels.  Any thread. */
#include "tensor/normalize.h"

#include "tensor/kernels/kernels.h"

void sl_normalize_forward(int64_t rows, int64_t n, double epsilon,
                          const float *x, const float *weight,
                          const float *bias, struct sl_moments *moments,
                          float *y)
{
    sl_kernels()->normalize_forward(rows, n, epsilon, x, weight, bias, moments,
                                    y);
}

void sl_normalize_backward(int64_t rows, int64_t n,
                           const struct sl_moments *moments,
                           const float *weight, const float *x, const float *dy,
                           float *dx)
{
    sl_kernels()->normalize_backward(rows, n, moments, weight, x, dy, dx);
}

void sl_normalize_weight(int64_t rows, int64_t n, int64_t stride,
                         const struct sl_moments *moments, const float *x,
                         const float *dy, bool accumulate, float *dweight,
                         float *dbias)
{
    sl_kernels()->normalize_weight(rows, n, stride, moments, x, dy, accumulate,
                                   dweight, dbias);
}
