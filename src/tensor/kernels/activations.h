/*
 * Activations, compiled for the instruction set at hand; contracts in
 * tensor/pointwise.h.  One pass over memory: what is added, stored as z and
 * mapped to y stays in a register in between.
 */
#ifndef SL_TENSOR_KERNELS_ACTIVATIONS_H
#define SL_TENSOR_KERNELS_ACTIVATIONS_H

#include "tensor/kernels/lanes.h"

typedef sl_lanes sl_lanes_map(sl_lanes z);
typedef sl_lanes sl_lanes_slope(sl_lanes at, sl_lanes dy);

static inline sl_lanes sl_identity_lanes(sl_lanes z)
{
    return z;
}

static inline sl_lanes sl_relu_lanes(sl_lanes z)
{
    return sl_lanes_unless((sl_lane_bits)(z < 0), z);
}

/* Phi, the distribution function of the standard normal. */
static inline sl_lanes sl_normal_below(sl_lanes z)
{
    const float sqrt_half = 0.70710678118654752F;
    return 0.5F * (1 + sl_lanes_erf(z * sqrt_half));
}

static inline sl_lanes sl_gelu_lanes(sl_lanes z)
{
    return z * sl_normal_below(z);
}

static inline sl_lanes sl_identity_slope(sl_lanes at, sl_lanes dy)
{
    (void)at;
    return dy;
}

static inline sl_lanes sl_relu_slope(sl_lanes at, sl_lanes dy)
{
    return sl_lanes_unless((sl_lane_bits)(at <= 0), dy);
}

static inline sl_lanes sl_tanh_slope(sl_lanes at, sl_lanes dy)
{
    return dy * (1 - at * at);
}

static inline sl_lanes sl_gelu_slope(sl_lanes at, sl_lanes dy)
{
    const float phi_of_0 = 0.39894228040143268F; /* 1 / sqrt(2 pi) */
    sl_lanes density = phi_of_0 * sl_lanes_exp(-0.5F * at * at);
    return dy * (sl_normal_below(at) + at * density);
}

/* One row.  Inlined into each kernel, with its `map`; bias and z may be NULL.
 */
static inline __attribute__((always_inline)) void
sl_map_row(sl_lanes_map *map, int64_t n, const float *x, const float *bias,
           float *z, float *y)
{
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES) {
        sl_lanes sum = sl_lanes_load(x + i);
        if (bias)
            sum += sl_lanes_load(bias + i);
        if (z)
            sl_lanes_store(z + i, sum);
        sl_lanes_store(y + i, map(sum));
    }
    if (i == n)
        return;
    sl_lanes sum = sl_lanes_load_part(x + i, n - i);
    if (bias)
        sum += sl_lanes_load_part(bias + i, n - i);
    if (z)
        sl_lanes_store_part(z + i, sum, n - i);
    sl_lanes_store_part(y + i, map(sum), n - i);
}

/* Without a bias, the rows are one long row. */
static inline __attribute__((always_inline)) void
sl_map_rows(sl_lanes_map *map, int64_t rows, int64_t n, const float *x,
            const float *bias, float *z, float *y)
{
    if (z == y || (z == x && !bias))
        z = NULL; /* overwritten, or there already */
    if (!bias) {
        n *= rows;
        rows = 1;
    }
    for (int64_t r = 0; r < rows; r++)
        sl_map_row(map, n, x + r * n, bias, z ? z + r * n : NULL, y + r * n);
}

static inline __attribute__((always_inline)) void
sl_slope_row(sl_lanes_slope *slope, int64_t n, const float *at, const float *dy,
             float *dx)
{
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES)
        sl_lanes_store(dx + i,
                       slope(sl_lanes_load(at + i), sl_lanes_load(dy + i)));
    if (i == n)
        return;
    sl_lanes last = slope(sl_lanes_load_part(at + i, n - i),
                          sl_lanes_load_part(dy + i, n - i));
    sl_lanes_store_part(dx + i, last, n - i);
}

static void sl_kernel_identity_forward(int64_t rows, int64_t n, const float *x,
                                       const float *bias, float *z, float *y)
{
    sl_map_rows(sl_identity_lanes, rows, n, x, bias, z, y);
}

static void sl_kernel_relu_forward(int64_t rows, int64_t n, const float *x,
                                   const float *bias, float *z, float *y)
{
    sl_map_rows(sl_relu_lanes, rows, n, x, bias, z, y);
}

static void sl_kernel_tanh_forward(int64_t rows, int64_t n, const float *x,
                                   const float *bias, float *z, float *y)
{
    sl_map_rows(sl_lanes_tanh, rows, n, x, bias, z, y);
}

static void sl_kernel_gelu_forward(int64_t rows, int64_t n, const float *x,
                                   const float *bias, float *z, float *y)
{
    sl_map_rows(sl_gelu_lanes, rows, n, x, bias, z, y);
}

/* `at` is not read, and may be anything. */
static void sl_kernel_identity_backward(int64_t n, const float *at,
                                        const float *dy, float *dx)
{
    (void)at;
    if (dx != dy)
        sl_slope_row(sl_identity_slope, n, dy, dy, dx);
}

static void sl_kernel_relu_backward(int64_t n, const float *at, const float *dy,
                                    float *dx)
{
    sl_slope_row(sl_relu_slope, n, at, dy, dx);
}

static void sl_kernel_tanh_backward(int64_t n, const float *at, const float *dy,
                                    float *dx)
{
    sl_slope_row(sl_tanh_slope, n, at, dy, dx);
}

static void sl_kernel_gelu_backward(int64_t n, const float *at, const float *dy,
                                    float *dx)
{
    sl_slope_row(sl_gelu_slope, n, at, dy, dx);
}

#endif
