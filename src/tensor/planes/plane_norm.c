/* Normalizing planes of images: through the processor's kernels.  Any thread.
 */
#include "tensor/planes/plane_norm.h"

#include "tensor/kernels/kernels.h"

void sl_plane_normalize(int64_t n, const float *x, float mean, float scale,
                        float bias, float *y)
{
    sl_kernels()->plane_normalize(n, x, mean, scale, bias, y);
}

void sl_plane_gradient(int64_t n, struct sl_plane_slope slope, const float *x,
                       float mean, const float *dy, float *dx)
{
    sl_kernels()->plane_gradient(n, slope, x, mean, dy, dx);
}
