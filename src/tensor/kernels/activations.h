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

/* sigmoid(z) and sigmoid(-z), which add up to 1.  exp() gets no positive
 * number, so that neither overflows, and both keep their relative accuracy. */
struct sl_sigmoids {
    sl_lanes of_z;
    sl_lanes of_minus_z;
};

static inline struct sl_sigmoids sl_sigmoid_pair(sl_lanes z)
{
    sl_lane_bits below = (sl_lane_bits)(z < 0);
    sl_lanes small = sl_lanes_exp(sl_lanes_choose(below, z, -z));
    sl_lanes high = 1 / (1 + small);
    sl_lanes low = small * high;
    return (struct sl_sigmoids){
        .of_z = sl_lanes_choose(below, low, high),
        .of_minus_z = sl_lanes_choose(below, high, low),
    };
}

static inline sl_lanes sl_sigmoid_lanes(sl_lanes z)
{
    return sl_sigmoid_pair(z).of_z;
}

static inline sl_lanes sl_silu_lanes(sl_lanes z)
{
    return z * sl_sigmoid_lanes(z);
}

/* sqrt(8 / pi) and the factor of the cube: (1 + tanh(u)) / 2 = sigmoid(2 u). */
static const float sl_gelu_steepness = 1.5957691216057308F;
static const float sl_gelu_cube = 0.044715F;

static inline struct sl_sigmoids sl_gelu_tanh_pair(sl_lanes z)
{
    return sl_sigmoid_pair(sl_gelu_steepness *
                           (z + sl_gelu_cube * (z * z * z)));
}

static inline sl_lanes sl_gelu_tanh_lanes(sl_lanes z)
{
    return z * sl_gelu_tanh_pair(z).of_z;
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

static inline sl_lanes sl_sigmoid_slope(sl_lanes at, sl_lanes dy)
{
    return dy * (at * (1 - at));
}

static inline sl_lanes sl_silu_slope(sl_lanes at, sl_lanes dy)
{
    struct sl_sigmoids s = sl_sigmoid_pair(at);
    return dy * (s.of_z * (1 + at * s.of_minus_z));
}

/* The product of both sigmoids is the first factor, since it is 0 where the
 * square of `at` overflows. */
static inline sl_lanes sl_gelu_tanh_slope(sl_lanes at, sl_lanes dy)
{
    struct sl_sigmoids s = sl_gelu_tanh_pair(at);
    sl_lanes linear = s.of_z * s.of_minus_z * at;
    sl_lanes cubic = 3 * sl_gelu_cube * (linear * at * at);
    return dy * (s.of_z + sl_gelu_steepness * (linear + cubic));
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

static void sl_kernel_gelu_tanh_forward(int64_t rows, int64_t n, const float *x,
                                        const float *bias, float *z, float *y)
{
    sl_map_rows(sl_gelu_tanh_lanes, rows, n, x, bias, z, y);
}

static void sl_kernel_sigmoid_forward(int64_t rows, int64_t n, const float *x,
                                      const float *bias, float *z, float *y)
{
    sl_map_rows(sl_sigmoid_lanes, rows, n, x, bias, z, y);
}

static void sl_kernel_silu_forward(int64_t rows, int64_t n, const float *x,
                                   const float *bias, float *z, float *y)
{
    sl_map_rows(sl_silu_lanes, rows, n, x, bias, z, y);
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

static void sl_kernel_gelu_tanh_backward(int64_t n, const float *at,
                                         const float *dy, float *dx)
{
    sl_slope_row(sl_gelu_tanh_slope, n, at, dy, dx);
}

static void sl_kernel_sigmoid_backward(int64_t n, const float *at,
                                       const float *dy, float *dx)
{
    sl_slope_row(sl_sigmoid_slope, n, at, dy, dx);
}

static void sl_kernel_silu_backward(int64_t n, const float *at, const float *dy,
                                    float *dx)
{
    sl_slope_row(sl_silu_slope, n, at, dy, dx);
}

#endif
