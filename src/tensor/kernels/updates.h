/* Sums, masks and updates; contracts in tensor/elementwise.h. */
#ifndef SL_TENSOR_KERNELS_UPDATES_H
#define SL_TENSOR_KERNELS_UPDATES_H

#include "tensor/kernels/lanes.h"
#include "tensor/kernels/operands.h"

static void sl_kernel_add(int64_t n, const float *from, float *to)
{
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES)
        sl_lanes_store(to + i, sl_lanes_load(to + i) + sl_lanes_load(from + i));
    for (; i < n; i++)
        to[i] += from[i];
}

static void sl_kernel_scaled_difference(int64_t n, float scale, const float *y,
                                        const float *t, float *dy)
{
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES)
        sl_lanes_store(dy + i,
                       scale * (sl_lanes_load(y + i) - sl_lanes_load(t + i)));
    for (; i < n; i++)
        dy[i] = scale * (y[i] - t[i]);
}

static void sl_kernel_mask(int64_t n, const uint32_t *bits, uint32_t threshold,
                           float scale, const float *from, float *to)
{
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES) {
        sl_lane_bits drawn;
        memcpy(&drawn, bits + i, sizeof drawn);
        sl_lanes_store(to + i,
                       sl_lanes_unless((sl_lane_bits)(drawn < threshold),
                                       sl_lanes_load(from + i) * scale));
    }
    for (; i < n; i++)
        to[i] = bits[i] < threshold ? 0 : from[i] * scale;
}

/* One vector of an update; inlined, so that its branches leave the loop. */
static inline __attribute__((always_inline)) sl_lanes
sl_sgd_lanes(struct sl_sgd sgd, sl_lanes g, sl_lanes w, sl_lanes *v)
{
    g += sgd.decay * w;
    if (v) {
        *v = sgd.momentum * *v + g;
        g = sgd.nesterov ? g + sgd.momentum * *v : *v;
    }
    return w - sgd.rate * g;
}

static inline __attribute__((always_inline)) void
sl_sgd_row(int64_t n, struct sl_sgd sgd, const float *g, float *w, float *v)
{
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES) {
        sl_lanes speed = v ? sl_lanes_load(v + i) : (sl_lanes){0};
        sl_lanes_store(w + i,
                       sl_sgd_lanes(sgd, sl_lanes_load(g + i),
                                    sl_lanes_load(w + i), v ? &speed : NULL));
        if (v)
            sl_lanes_store(v + i, speed);
    }
    if (i == n)
        return;
    sl_lanes speed = v ? sl_lanes_load_part(v + i, n - i) : (sl_lanes){0};
    sl_lanes last =
        sl_sgd_lanes(sgd, sl_lanes_load_part(g + i, n - i),
                     sl_lanes_load_part(w + i, n - i), v ? &speed : NULL);
    sl_lanes_store_part(w + i, last, n - i);
    if (v)
        sl_lanes_store_part(v + i, speed, n - i);
}

static void sl_kernel_sgd_update(int64_t n, struct sl_sgd sgd, const float *g,
                                 float *w, float *v)
{
    if (sgd.momentum > 0)
        sl_sgd_row(n, sgd, g, w, v);
    else
        sl_sgd_row(n, sgd, g, w, NULL);
}

#endif
