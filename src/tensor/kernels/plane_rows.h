/*
 * Sums along planes of images, and their normalization; contracts in
 * tensor/planes/plane_sums.h and plane_norm.h.
 *
 * A sum has SL_PLANE_PARTS partial sums while whole blocks of as many elements
 * come, then SL_PLANE_LAST, to which those are added up; element i of a block
 * goes into number i.  So do all instruction sets.
 */
#ifndef SL_TENSOR_KERNELS_PLANE_ROWS_H
#define SL_TENSOR_KERNELS_PLANE_ROWS_H

#include "tensor/kernels/lanes.h"
#include "tensor/kernels/operands.h"

enum {
    SL_PLANE_PARTS = 32, /* as many as additions do not wait for each other */
    SL_PLANE_LAST = 8,
    SL_PLANE_STEPS = SL_PLANE_PARTS / SL_WIDE,
    SL_PLANE_LAST_STEPS = SL_PLANE_LAST / SL_WIDE,
};

struct sl_plane_sums {
    sl_wide at[SL_PLANE_STEPS];
};

/* Add up what lies SL_PLANE_LAST apart. */
static inline void sl_plane_fold(struct sl_plane_sums *sums)
{
    for (int k = SL_PLANE_LAST_STEPS; k < SL_PLANE_STEPS; k++)
        sums->at[k % SL_PLANE_LAST_STEPS] += sums->at[k];
}

static inline double sl_plane_total(const struct sl_plane_sums *sums,
                                    const double rest[SL_PLANE_LAST])
{
    double part[SL_PLANE_LAST];
    memcpy(part, sums->at, sizeof part);
    for (int k = 0; k < SL_PLANE_LAST; k++)
        part[k] += rest[k];
    for (int half = SL_PLANE_LAST / 2; half > 0; half /= 2)
        for (int k = 0; k < half; k++)
            part[k] += part[k + half];
    return part[0];
}

/* Terms of SL_WIDE elements, and of one. */
typedef sl_wide sl_plane_term(const float *a, double mean, const float *b);
typedef double sl_plane_rest(const float *a, double mean, const float *b);

/* Inlined, with the terms. */
static inline __attribute__((always_inline)) double
sl_plane_add_up(int64_t n, const float *a, double mean, const float *b,
                sl_plane_term *term, sl_plane_rest *last)
{
    struct sl_plane_sums sums = {{{0}}};
    double rest[SL_PLANE_LAST] = {0};
    int64_t i = 0;
    for (; i + SL_PLANE_PARTS <= n; i += SL_PLANE_PARTS)
        for (int k = 0; k < SL_PLANE_STEPS; k++)
            sums.at[k] += term(a + i + k * SL_WIDE, mean, b + i + k * SL_WIDE);
    sl_plane_fold(&sums);
    for (; i + SL_PLANE_LAST <= n; i += SL_PLANE_LAST)
        for (int k = 0; k < SL_PLANE_LAST_STEPS; k++)
            sums.at[k] += term(a + i + k * SL_WIDE, mean, b + i + k * SL_WIDE);
    for (int k = 0; i < n; i++, k++)
        rest[k] = last(a + i, mean, b + i);
    return sl_plane_total(&sums, rest);
}

static inline sl_wide sl_plane_one(const float *a, double mean, const float *b)
{
    (void)mean;
    (void)b;
    return sl_wide_load(a);
}

static inline double sl_plane_last_one(const float *a, double mean,
                                       const float *b)
{
    (void)mean;
    (void)b;
    return (double)*a;
}

static double sl_kernel_plane_sum(int64_t n, const float *a)
{
    return sl_plane_add_up(n, a, 0, a, sl_plane_one, sl_plane_last_one);
}

static inline sl_wide sl_plane_square(const float *a, double mean,
                                      const float *b)
{
    (void)b;
    sl_wide d = sl_wide_load(a) - mean;
    return d * d;
}

static inline double sl_plane_last_square(const float *a, double mean,
                                          const float *b)
{
    (void)b;
    return ((double)*a - mean) * ((double)*a - mean);
}

static double sl_kernel_plane_squares(int64_t n, const float *a, float mean)
{
    return sl_plane_add_up(n, a, (double)mean, a, sl_plane_square,
                           sl_plane_last_square);
}

static inline sl_wide sl_plane_product(const float *a, double mean,
                                       const float *b)
{
    return (sl_wide_load(a) - mean) * sl_wide_load(b);
}

static inline double sl_plane_last_product(const float *a, double mean,
                                           const float *b)
{
    return ((double)*a - mean) * (double)*b;
}

static double sl_kernel_plane_dot(int64_t n, const float *a, float mean,
                                  const float *b)
{
    return sl_plane_add_up(n, a, (double)mean, b, sl_plane_product,
                           sl_plane_last_product);
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
