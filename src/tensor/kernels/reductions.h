/*
 * Kernels that sum: over the rows of a matrix, and along a row for softmax,
 * layer normalization and squared errors.  Contracts in tensor/column_sums.h,
 * softmax.h and normalize.h.
 */
#ifndef SL_TENSOR_KERNELS_REDUCTIONS_H
#define SL_TENSOR_KERNELS_REDUCTIONS_H

#include <math.h>
#include <stdbool.h>

#include "tensor/kernels/operands.h"
#include "tensor/kernels/sums.h"

/* Columns whose sums stay in registers while the rows go by. */
enum { SL_STRIP = 4 * SL_LANES, SL_STRIP_STEPS = SL_STRIP / SL_WIDE };

/* Round the sums of `width` columns and add or write them. */
static inline void sl_finish_strip(const sl_wide sum[SL_STRIP_STEPS],
                                   int64_t width, bool accumulate, float *sums)
{
    float rounded[SL_STRIP];
    for (int k = 0; k < SL_STRIP_STEPS; k++)
        sl_wide_store(rounded + k * SL_WIDE, sum[k]);
    for (int64_t j = 0; j < width; j++)
        sums[j] = accumulate ? sums[j] + rounded[j] : 0 + rounded[j];
}

static inline void sl_sum_strip(int64_t rows, int64_t stride, const float *a,
                                bool accumulate, float *sums)
{
    sl_wide sum[SL_STRIP_STEPS] = {{0}};
    for (int64_t r = 0; r < rows; r++)
        for (int k = 0; k < SL_STRIP_STEPS; k++)
            sum[k] += sl_wide_load(a + r * stride + k * SL_WIDE);
    sl_finish_strip(sum, SL_STRIP, accumulate, sums);
}

static void sl_kernel_column_sums(int64_t rows, int64_t n, const float *a,
                                  int64_t stride, bool accumulate, float *sums)
{
    int64_t start = 0;
    for (; start + SL_STRIP <= n; start += SL_STRIP)
        sl_sum_strip(rows, stride, a + start, accumulate, sums + start);
    double sum[SL_STRIP] = {0};
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = start; j < n; j++)
            sum[j - start] += (double)a[r * stride + j];
    for (int64_t j = start; j < n; j++) {
        float old = accumulate ? sums[j] : 0;
        sums[j] = old + (float)sum[j - start];
    }
}

/* The largest of y[n] as y[i] > largest finds it: NaN only if y[0] is. */
static inline float sl_largest(int64_t n, const float *y)
{
    float at[SL_LANES];
    sl_lanes most = y[0] - (sl_lanes){0};
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES) {
        sl_lanes next = sl_lanes_load(y + i);
        sl_lane_bits more = (sl_lane_bits)(next > most);
        most = sl_lanes_choose(more, next, most);
    }
    sl_lanes_store(at, most);
    float largest = at[0];
    for (int lane = 1; lane < SL_LANES; lane++)
        largest = at[lane] > largest ? at[lane] : largest;
    for (; i < n; i++)
        largest = y[i] > largest ? y[i] : largest;
    return largest;
}

static inline int64_t sl_first_place(int64_t n, const float *y, float value)
{
    for (int64_t i = 0; i < n; i++)
        if (y[i] == value)
            return i;
    return 0; /* value is NaN */
}

static inline void sl_add_exps(struct sl_sums *sums, const float *y,
                               float largest, int64_t left)
{
    float e[SL_PARTS];
    for (int i = 0; i < SL_PARTS; i += SL_LANES)
        sl_lanes_store(e + i, sl_lanes_exp(sl_lanes_load(y + i) - largest));
    for (int k = 0; k < SL_SUM_STEPS; k++)
        sl_sums_add(sums, k, sl_wide_load(e + k * SL_WIDE), left);
}

static struct sl_softmax sl_kernel_softmax_row(int64_t n, const float *y)
{
    struct sl_softmax row = {.largest = sl_largest(n, y)};
    row.at = sl_first_place(n, y, row.largest);
    struct sl_sums sums = {{{0}}};
    int64_t i = 0;
    for (; i + SL_PARTS <= n; i += SL_PARTS)
        sl_add_exps(&sums, y + i, row.largest, SL_PARTS);
    struct sl_block rest = sl_block_load(y + i, n - i);
    if (i < n)
        sl_add_exps(&sums, rest.at, row.largest, n - i);
    row.sum = sl_sums_total(&sums);
    return row;
}

static void sl_kernel_softmax_scaled(int64_t n, const float *y,
                                     struct sl_softmax row, float scale,
                                     float *p)
{
    float factor = (float)(1 / row.sum);
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES) {
        sl_lanes e = sl_lanes_exp(sl_lanes_load(y + i) - row.largest);
        sl_lanes_store(p + i, e * factor * scale);
    }
    if (i == n)
        return;
    sl_lanes e = sl_lanes_exp(sl_lanes_load_part(y + i, n - i) - row.largest);
    sl_lanes_store_part(p + i, e * factor * scale, n - i);
}

static inline void sl_add_squares(struct sl_sums *sums, const float *a,
                                  const float *b, int64_t left)
{
    for (int k = 0; k < SL_SUM_STEPS; k++) {
        sl_wide apart =
            sl_wide_load(a + k * SL_WIDE) - sl_wide_load(b + k * SL_WIDE);
        sl_sums_add(sums, k, apart * apart, left);
    }
}

static double sl_kernel_squared_distance(int64_t n, const float *a,
                                         const float *b)
{
    struct sl_sums sums = {{{0}}};
    int64_t i = 0;
    for (; i + SL_PARTS <= n; i += SL_PARTS)
        sl_add_squares(&sums, a + i, b + i, SL_PARTS);
    struct sl_block rest_a = sl_block_load(a + i, n - i);
    struct sl_block rest_b = sl_block_load(b + i, n - i);
    if (i < n)
        sl_add_squares(&sums, rest_a.at, rest_b.at, n - i);
    return sl_sums_total(&sums);
}

#endif
