/*
 * Sums along planes of images, and their normalization; contracts in
 * tensor/planes/plane_sums.h and plane_norm.h.
 *
 * A sum has SL_PLANE_PARTS partial sums, element i going into number i %
 * SL_PLANE_PARTS, on every instruction set.
 */
#ifndef SL_TENSOR_KERNELS_PLANE_ROWS_H
#define SL_TENSOR_KERNELS_PLANE_ROWS_H

#include "tensor/kernels/lanes.h"
#include "tensor/kernels/operands.h"

enum { SL_PLANE_PARTS = 8, SL_PLANE_STEPS = SL_PLANE_PARTS / SL_WIDE };

static inline double sl_plane_total(const sl_wide sums[SL_PLANE_STEPS],
                                    const double rest[SL_PLANE_PARTS])
{
    double part[SL_PLANE_PARTS];
    memcpy(part, sums, sizeof part);
    for (int k = 0; k < SL_PLANE_PARTS; k++)
        part[k] += rest[k];
    for (int half = SL_PLANE_PARTS / 2; half > 0; half /= 2)
        for (int k = 0; k < half; k++)
            part[k] += part[k + half];
    return part[0];
}

static double sl_kernel_plane_sum(int64_t n, const float *a)
{
    sl_wide sums[SL_PLANE_STEPS] = {{0}};
    double rest[SL_PLANE_PARTS] = {0};
    int64_t i = 0;
    for (; i + SL_PLANE_PARTS <= n; i += SL_PLANE_PARTS)
        for (int k = 0; k < SL_PLANE_STEPS; k++)
            sums[k] += sl_wide_load(a + i + k * SL_WIDE);
    for (int k = 0; i < n; i++, k++)
        rest[k] = (double)a[i];
    return sl_plane_total(sums, rest);
}

static double sl_kernel_plane_squares(int64_t n, const float *a, float mean)
{
    sl_wide sums[SL_PLANE_STEPS] = {{0}};
    double rest[SL_PLANE_PARTS] = {0};
    int64_t i = 0;
    for (; i + SL_PLANE_PARTS <= n; i += SL_PLANE_PARTS)
        for (int k = 0; k < SL_PLANE_STEPS; k++) {
            sl_wide d = sl_wide_load(a + i + k * SL_WIDE) - (double)mean;
            sums[k] += d * d;
        }
    for (int k = 0; i < n; i++, k++) {
        double d = (double)a[i] - (double)mean;
        rest[k] = d * d;
    }
    return sl_plane_total(sums, rest);
}

static double sl_kernel_plane_dot(int64_t n, const float *a, float mean,
                                  const float *b)
{
    sl_wide sums[SL_PLANE_STEPS] = {{0}};
    double rest[SL_PLANE_PARTS] = {0};
    int64_t i = 0;
    for (; i + SL_PLANE_PARTS <= n; i += SL_PLANE_PARTS)
        for (int k = 0; k < SL_PLANE_STEPS; k++) {
            sl_wide d = sl_wide_load(a + i + k * SL_WIDE) - (double)mean;
            sums[k] += d * sl_wide_load(b + i + k * SL_WIDE);
        }
    for (int k = 0; i < n; i++, k++)
        rest[k] = ((double)a[i] - (double)mean) * (double)b[i];
    return sl_plane_total(sums, rest);
}

static void sl_kernel_plane_normalize(int64_t n, const float *x, float mean,
                                      float scale, float bias, float *y)
{
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES)
        sl_lanes_store(y + i, (sl_lanes_load(x + i) - mean) * scale + bias);
    for (; i < n; i++)
        y[i] = (x[i] - mean) * scale + bias;
}

static void sl_kernel_plane_gradient(int64_t n, struct sl_plane_slope slope,
                                     const float *x, float mean,
                                     const float *dy, float *dx)
{
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES)
        sl_lanes_store(dx + i, slope.of_dy * sl_lanes_load(dy + i) +
                                   slope.of_x * (sl_lanes_load(x + i) - mean) +
                                   slope.constant);
    for (; i < n; i++)
        dx[i] =
            slope.of_dy * dy[i] + slope.of_x * (x[i] - mean) + slope.constant;
}

#endif
