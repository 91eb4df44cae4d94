/* Sums over the planes of images: through the processor's kernels.  Any thread.
 */
#include "tensor/planes/plane_sums.h"

#include "tensor/kernels/kernels.h"

double sl_plane_sum(int64_t n, const float *a)
{
    return sl_kernels()->plane_sum(n, a);
}

double sl_plane_squares(int64_t n, const float *a, float mean)
{
    return sl_kernels()->plane_squares(n, a, mean);
}

double sl_plane_dot(int64_t n, const float *a, float mean, const float *b)
{
    return sl_kernels()->plane_dot(n, a, mean, b);
}

void sl_plane_sums(int64_t rows, int64_t channels, int64_t n, const float *a,
                   int64_t stride, bool accumulate, float *sums)
{
    for (int64_t c = 0; c < channels; c++) {
        double sum = 0;
        for (int64_t r = 0; r < rows; r++)
            sum += sl_plane_sum(n, a + r * stride + c * n);
        sums[c] = (accumulate ? sums[c] : 0) + (float)sum;
    }
}
