/* Layer normalization; contracts in tensor/normalize.h. */
#ifndef SL_TENSOR_KERNELS_NORMALIZATION_H
#define SL_TENSOR_KERNELS_NORMALIZATION_H

#include "tensor/kernels/reductions.h"

static inline void sl_add_row(struct sl_sums *sums, const float *x,
                              int64_t left)
{
    for (int k = 0; k < SL_SUM_STEPS; k++)
        sl_sums_add(sums, k, sl_wide_load(x + k * SL_WIDE), left);
}

static inline void sl_add_spread(struct sl_sums *sums, const float *x,
                                 double mean, int64_t left)
{
    for (int k = 0; k < SL_SUM_STEPS; k++) {
        sl_wide d = sl_wide_load(x + k * SL_WIDE) - mean;
        sl_sums_add(sums, k, d * d, left);
    }
}

static inline struct sl_moments sl_measure_row(int64_t n, double epsilon,
                                               const float *x)
{
    struct sl_sums sums = {{{0}}}, squares = {{{0}}};
    int64_t whole = n - n % SL_PARTS;
    struct sl_block rest = sl_block_load(x + whole, n - whole);
    for (int64_t i = 0; i < whole; i += SL_PARTS)
        sl_add_row(&sums, x + i, SL_PARTS);
    if (whole < n)
        sl_add_row(&sums, rest.at, n - whole);
    double mean = sl_sums_total(&sums) / (double)n;
    for (int64_t i = 0; i < whole; i += SL_PARTS)
        sl_add_spread(&squares, x + i, mean, SL_PARTS);
    if (whole < n)
        sl_add_spread(&squares, rest.at, mean, n - whole);
    double variance = sl_sums_total(&squares) / (double)n;
    return (struct sl_moments){
        .mean = (float)mean,
        .scale = (float)(1 / sqrt(variance + epsilon)),
    };
}

static inline void sl_normalize_row(int64_t n, struct sl_moments m,
                                    const float *x, const float *weight,
                                    const float *bias, float *y)
{
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES)
        sl_lanes_store(y + i, (sl_lanes_load(x + i) - m.mean) * m.scale *
                                      sl_lanes_load(weight + i) +
                                  sl_lanes_load(bias + i));
    for (; i < n; i++)
        y[i] = (x[i] - m.mean) * m.scale * weight[i] + bias[i];
}

static void sl_kernel_normalize_forward(int64_t rows, int64_t n, double epsilon,
                                        const float *x, const float *weight,
                                        const float *bias,
                                        struct sl_moments *moments, float *y)
{
    for (int64_t r = 0; r < rows; r++) {
        moments[r] = sl_measure_row(n, epsilon, x + r * n);
        sl_normalize_row(n, moments[r], x + r * n, weight, bias, y + r * n);
    }
}

/* A block of a row's sums of g and g * h. */
static inline void sl_add_slopes(struct sl_sums *sum, struct sl_sums *dot,
                                 struct sl_moments m, const float *weight,
                                 const float *x, const float *dy, int64_t left)
{
    float g[SL_PARTS], h[SL_PARTS];
    for (int i = 0; i < SL_PARTS; i += SL_LANES) {
        sl_lanes_store(g + i,
                       sl_lanes_load(dy + i) * sl_lanes_load(weight + i));
        sl_lanes_store(h + i, (sl_lanes_load(x + i) - m.mean) * m.scale);
    }
    for (int k = 0; k < SL_SUM_STEPS; k++) {
        sl_wide slope = sl_wide_load(g + k * SL_WIDE);
        sl_sums_add(sum, k, slope, left);
        sl_sums_add(dot, k, slope * sl_wide_load(h + k * SL_WIDE), left);
    }
}

static inline void sl_normalize_row_backward(int64_t n, struct sl_moments m,
                                             const float *weight,
                                             const float *x, const float *dy,
                                             float *dx)
{
    struct sl_sums sum = {{{0}}}, dot = {{{0}}};
    int64_t i = 0;
    for (; i + SL_PARTS <= n; i += SL_PARTS)
        sl_add_slopes(&sum, &dot, m, weight + i, x + i, dy + i, SL_PARTS);
    struct sl_block w = sl_block_load(weight + i, n - i);
    struct sl_block in = sl_block_load(x + i, n - i);
    struct sl_block out = sl_block_load(dy + i, n - i);
    if (i < n)
        sl_add_slopes(&sum, &dot, m, w.at, in.at, out.at, n - i);
    float mean_g = (float)(sl_sums_total(&sum) / (double)n);
    float mean_gh = (float)(sl_sums_total(&dot) / (double)n);
    for (i = 0; i + SL_LANES <= n; i += SL_LANES) {
        sl_lanes h = (sl_lanes_load(x + i) - m.mean) * m.scale;
        sl_lanes g = sl_lanes_load(dy + i) * sl_lanes_load(weight + i);
        sl_lanes_store(dx + i, m.scale * (g - mean_g - h * mean_gh));
    }
    for (; i < n; i++) {
        float h = (x[i] - m.mean) * m.scale;
        dx[i] = m.scale * (dy[i] * weight[i] - mean_g - h * mean_gh);
    }
}

static void sl_kernel_normalize_backward(int64_t rows, int64_t n,
                                         const struct sl_moments *moments,
                                         const float *weight, const float *x,
                                         const float *dy, float *dx)
{
    for (int64_t r = 0; r < rows; r++)
        sl_normalize_row_backward(n, moments[r], weight, x + r * n, dy + r * n,
                                  dx + r * n);
}

/* Both gradients of a strip of columns, in registers while the rows go by. */
static inline void sl_normalize_strip(int64_t rows, int64_t stride,
                                      const struct sl_moments *moments,
                                      const float *x, const float *dy,
                                      bool accumulate, float *dweight,
                                      float *dbias)
{
    sl_wide weight[SL_STRIP_STEPS] = {{0}}, bias[SL_STRIP_STEPS] = {{0}};
    for (int64_t r = 0; r < rows; r++) {
        float h[SL_STRIP];
        for (int k = 0; k < SL_STRIP; k += SL_LANES)
            sl_lanes_store(
                h + k, (sl_lanes_load(x + r * stride + k) - moments[r].mean) *
                           moments[r].scale);
        for (int k = 0; k < SL_STRIP_STEPS; k++) {
            sl_wide d = sl_wide_load(dy + r * stride + k * SL_WIDE);
            weight[k] += d * sl_wide_load(h + k * SL_WIDE);
            bias[k] += d;
        }
    }
    sl_finish_strip(weight, SL_STRIP, accumulate, dweight);
    sl_finish_strip(bias, SL_STRIP, accumulate, dbias);
}

/* The columns from `start` on, fewer than a strip. */
static inline void sl_normalize_rest(int64_t rows, int64_t n, int64_t stride,
                                     int64_t start,
                                     const struct sl_moments *moments,
                                     const float *x, const float *dy,
                                     bool accumulate, float *dweight,
                                     float *dbias)
{
    double weight[SL_STRIP] = {0}, bias[SL_STRIP] = {0};
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = start; j < n; j++) {
            float h = (x[r * stride + j] - moments[r].mean) * moments[r].scale;
            weight[j - start] += (double)dy[r * stride + j] * (double)h;
            bias[j - start] += (double)dy[r * stride + j];
        }
    for (int64_t j = start; j < n; j++) {
        dweight[j] = (accumulate ? dweight[j] : 0) + (float)weight[j - start];
        dbias[j] = (accumulate ? dbias[j] : 0) + (float)bias[j - start];
    }
}

static void sl_kernel_normalize_weight(int64_t rows, int64_t n, int64_t stride,
                                       const struct sl_moments *moments,
                                       const float *x, const float *dy,
                                       bool accumulate, float *dweight,
                                       float *dbias)
{
    int64_t start = 0;
    for (; start + SL_STRIP <= n; start += SL_STRIP)
        sl_normalize_strip(rows, stride, moments, x + start, dy + start,
                           accumulate, dweight + start, dbias + start);
    sl_normalize_rest(rows, n, stride, start, moments, x, dy, accumulate,
                      dweight, dbias);
}

#endif
