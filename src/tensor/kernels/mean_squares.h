/* Normalization by the root of the mean square; contracts in tensor/rms.h. */
#ifndef SL_TENSOR_KERNELS_MEAN_SQUARES_H
#define SL_TENSOR_KERNELS_MEAN_SQUARES_H

#include "tensor/kernels/reductions.h"

static inline void sl_add_own_squares(struct sl_sums *sums, const float *x,
                                      int64_t left)
{
    for (int k = 0; k < SL_SUM_STEPS; k++) {
        sl_wide at = sl_wide_load(x + k * SL_WIDE);
        sl_sums_add(sums, k, at * at, left);
    }
}

static inline float sl_rms_scale(int64_t n, double epsilon, const float *x)
{
    struct sl_sums squares = {{{0}}};
    int64_t i = 0;
    for (; i + SL_PARTS <= n; i += SL_PARTS)
        sl_add_own_squares(&squares, x + i, SL_PARTS);
    struct sl_block rest = sl_block_load(x + i, n - i);
    if (i < n)
        sl_add_own_squares(&squares, rest.at, n - i);
    return (float)(1 / sqrt(sl_sums_total(&squares) / (double)n + epsilon));
}

static void sl_kernel_rms_forward(int64_t rows, int64_t n, double epsilon,
                                  const float *x, const float *weight,
                                  float *scales, float *y)
{
    for (int64_t r = 0; r < rows; r++, x += n, y += n) {
        float scale = scales[r] = sl_rms_scale(n, epsilon, x);
        int64_t i = 0;
        for (; i + SL_LANES <= n; i += SL_LANES)
            sl_lanes_store(y + i, sl_lanes_load(x + i) * scale *
                                      sl_lanes_load(weight + i));
        for (; i < n; i++)
            y[i] = x[i] * scale * weight[i];
    }
}

/* A block of a row's sum of g * h. */
static inline void sl_add_rms_slopes(struct sl_sums *dot, float scale,
                                     const float *weight, const float *x,
                                     const float *dy, int64_t left)
{
    float g[SL_PARTS], h[SL_PARTS];
    for (int i = 0; i < SL_PARTS; i += SL_LANES) {
        sl_lanes_store(g + i,
                       sl_lanes_load(dy + i) * sl_lanes_load(weight + i));
        sl_lanes_store(h + i, sl_lanes_load(x + i) * scale);
    }
    for (int k = 0; k < SL_SUM_STEPS; k++)
        sl_sums_add(dot, k,
                    sl_wide_load(g + k * SL_WIDE) *
                        sl_wide_load(h + k * SL_WIDE),
                    left);
}

static inline void sl_rms_row_backward(int64_t n, float scale,
                                       const float *weight, const float *x,
                                       const float *dy, float *dx)
{
    struct sl_sums dot = {{{0}}};
    int64_t i = 0;
    for (; i + SL_PARTS <= n; i += SL_PARTS)
        sl_add_rms_slopes(&dot, scale, weight + i, x + i, dy + i, SL_PARTS);
    struct sl_block w = sl_block_load(weight + i, n - i);
    struct sl_block in = sl_block_load(x + i, n - i);
    struct sl_block out = sl_block_load(dy + i, n - i);
    if (i < n)
        sl_add_rms_slopes(&dot, scale, w.at, in.at, out.at, n - i);
    float mean_gh = (float)(sl_sums_total(&dot) / (double)n);
    for (i = 0; i + SL_LANES <= n; i += SL_LANES) {
        sl_lanes h = sl_lanes_load(x + i) * scale;
        sl_lanes g = sl_lanes_load(dy + i) * sl_lanes_load(weight + i);
        sl_lanes_store(dx + i, scale * (g - h * mean_gh));
    }
    for (; i < n; i++)
        dx[i] = scale * (dy[i] * weight[i] - x[i] * scale * mean_gh);
}

static void sl_kernel_rms_backward(int64_t rows, int64_t n, const float *scales,
                                   const float *weight, const float *x,
                                   const float *dy, float *dx)
{
    for (int64_t r = 0; r < rows; r++)
        sl_rms_row_backward(n, scales[r], weight, x + r * n, dy + r * n,
                            dx + r * n);
}

/* The gradient of a strip of columns, in registers while the rows go by. */
static inline void sl_rms_strip(int64_t rows, int64_t stride,
                                const float *scales, const float *x,
                                const float *dy, bool accumulate,
                                float *dweight)
{
    sl_wide sum[SL_STRIP_STEPS] = {{0}};
    for (int64_t r = 0; r < rows; r++, x += stride, dy += stride) {
        float h[SL_STRIP];
        for (int k = 0; k < SL_STRIP; k += SL_LANES)
            sl_lanes_store(h + k, sl_lanes_load(x + k) * scales[r]);
        for (int k = 0; k < SL_STRIP_STEPS; k++)
            sum[k] +=
                sl_wide_load(dy + k * SL_WIDE) * sl_wide_load(h + k * SL_WIDE);
    }
    sl_finish_strip(sum, SL_STRIP, accumulate, dweight);
}

static void sl_kernel_rms_weight(int64_t rows, int64_t n, int64_t stride,
                                 const float *scales, const float *x,
                                 const float *dy, bool accumulate,
                                 float *dweight)
{
    int64_t start = 0;
    for (; start + SL_STRIP <= n; start += SL_STRIP)
        sl_rms_strip(rows, stride, scales, x + start, dy + start, accumulate,
                     dweight + start);
    double sum[SL_STRIP] = {0};
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = start; j < n; j++) {
            float h = x[r * stride + j] * scales[r];
            sum[j - start] += (double)dy[r * stride + j] * (double)h;
        }
    for (int64_t j = start; j < n; j++)
        dweight[j] = (accumulate ? dweight[j] : 0) + (float)sum[j - start];
}

#endif
