/* Normalization by the root of the mean square: through the processor's
 * kernels.  Any thread. */
#include "tensor/rms.h"

#include "tensor/kernels/kernels.h"

void sl_rms_forward(int64_t rows, int64_t n, double epsilon, const float *x,
                    const float *weight, float *scales, float *y)
{
    sl_kernels()->rms_forward(rows, n, epsilon, x, weight, scales, y);
}

void sl_rms_backward(int64_t rows, int64_t n, const float *scales,
                     const float *weight, const float *x, const float *dy,
                     float *dx)
{
    sl_kernels()->rms_backward(rows, n, scales, weight, x, dy, dx);
}

void sl_rms_weight(int64_t rows, int64_t n, int64_t stride, const float *scales,
                   const float *x, const float *dy, bool accumulate,
                   float *dweight)
{
    sl_kernels()->rms_weight(rows, n, stride, scales, x, dy, accumulate,
                             dweight);
}
