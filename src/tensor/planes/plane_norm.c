/* Normalizing planes of images.  Any thread. */
#include "tensor/planes/plane_norm.h"

void sl_plane_normalize(int64_t n, const float *x, float mean, float scale,
                        float bias, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = (x[i] - mean) * scale + bias;
}

void sl_plane_gradient(int64_t n, struct sl_plane_slope slope, const float *x,
                       float mean, const float *dy, float *dx)
{
    for (int64_t i = 0; i < n; i++)
        dx[i] =
            slope.of_dy * dy[i] + slope.of_x * (x[i] - mean) + slope.constant;
}
