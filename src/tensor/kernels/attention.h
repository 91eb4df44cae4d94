/* Kernels of attention; contracts in tensor/attend.h. */
#ifndef SL_TENSOR_KERNELS_ATTENTION_H
#define SL_TENSOR_KERNELS_ATTENTION_H

#include "tensor/kernels/reductions.h"

/* Replace a block of scores by their exps, and add these up. */
static inline void sl_exps_in_place(struct sl_sums *sums, float *s,
                                    float largest, int64_t left)
{
    struct sl_block e = sl_block_load(s, left);
    for (int i = 0; i < SL_PARTS; i += SL_LANES)
        sl_lanes_store(e.at + i,
                       sl_lanes_exp(sl_lanes_load(e.at + i) - largest));
    for (int k = 0; k < SL_SUM_STEPS; k++)
        sl_sums_add(sums, k, sl_wide_load(e.at + k * SL_WIDE), left);
    memcpy(s, e.at, (size_t)(left < SL_PARTS ? left : SL_PARTS) * sizeof *s);
}

static double sl_kernel_attend(int64_t n, float *s, float *largest)
{
    struct sl_sums sums = {{{0}}};
    *largest = sl_largest(n, s);
    for (int64_t i = 0; i < n; i += SL_PARTS)
        sl_exps_in_place(&sums, s + i, *largest, n - i);
    return sl_sums_total(&sums);
}

static void sl_kernel_attend_slopes(int64_t n, struct sl_attended row,
                                    float delta, float *s, float *ds)
{
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES) {
        sl_lanes e = sl_lanes_exp(sl_lanes_load(s + i) - row.largest);
        sl_lanes p = e * row.scale;
        sl_lanes_store(s + i, p);
        sl_lanes_store(ds + i, p * (sl_lanes_load(ds + i) - delta));
    }
    if (i == n)
        return;
    sl_lanes e = sl_lanes_exp(sl_lanes_load_part(s + i, n - i) - row.largest);
    sl_lanes p = e * row.scale;
    sl_lanes_store_part(s + i, p, n - i);
    sl_lanes_store_part(ds + i, p * (sl_lanes_load_part(ds + i, n - i) - delta),
                        n - i);
}

static inline void sl_add_products(struct sl_sums *sums, const float *a,
                                   const float *b, int64_t left)
{
    for (int k = 0; k < SL_SUM_STEPS; k++)
        sl_sums_add(sums, k,
                    sl_wide_load(a + k * SL_WIDE) *
                        sl_wide_load(b + k * SL_WIDE),
                    left);
}

static double sl_kernel_dot(int64_t n, const float *a, const float *b)
{
    struct sl_sums sums = {{{0}}};
    int64_t i = 0;
    for (; i + SL_PARTS <= n; i += SL_PARTS)
        sl_add_products(&sums, a + i, b + i, SL_PARTS);
    struct sl_block rest_a = sl_block_load(a + i, n - i);
    struct sl_block rest_b = sl_block_load(b + i, n - i);
    if (i < n)
        sl_add_products(&sums, rest_a.at, rest_b.at, n - i);
    return sl_sums_total(&sums);
}

#endif
