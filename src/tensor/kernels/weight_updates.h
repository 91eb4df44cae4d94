/* Sums, products, masks and updates; contracts in tensor/elementwise.h. */
#ifndef SL_TENSOR_KERNELS_WEIGHT_UPDATES_H
#define SL_TENSOR_KERNELS_WEIGHT_UPDATES_H

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

static void sl_kernel_multiply(int64_t n, const float *a, const float *b,
                               float *product)
{
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES)
        sl_lanes_store(product + i,
                       sl_lanes_load(a + i) * sl_lanes_load(b + i));
    for (; i < n; i++)
        product[i] = a[i] * b[i];
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
    g = g * sgd.scale + sgd.decay * w;
    if (v) {
        *v = sl_lanes_normal(sgd.momentum * *v + g);
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

/* n is SL_LANES wherever the compiler can see it. */
static inline sl_lanes sl_some_load(const float *at, int64_t n)
{
    return n == SL_LANES ? sl_lanes_load(at) : sl_lanes_load_part(at, n);
}

static inline void sl_some_store(float *at, sl_lanes x, int64_t n)
{
    if (n == SL_LANES)
        sl_lanes_store(at, x);
    else
        sl_lanes_store_part(at, x, n);
}

/* At most one vector of an update; inlined, so that n is known in the loop. */
static inline __attribute__((always_inline)) void
sl_adam_some(int64_t n, const struct sl_adam *adam, const float *g_at,
             float *w_at, float *m_at, float *v_at)
{
    sl_lanes w = sl_some_load(w_at, n);
    sl_lanes g = sl_some_load(g_at, n) * adam->scale + adam->decay * w;
    sl_lanes m =
        sl_lanes_normal(adam->beta1 * sl_some_load(m_at, n) + adam->share1 * g);
    sl_lanes v = sl_lanes_normal(adam->beta2 * sl_some_load(v_at, n) +
                                 adam->share2 * g * g);
    sl_lanes root = sl_lanes_sqrt(v) / adam->root + adam->epsilon;
    sl_some_store(m_at, m, n);
    sl_some_store(v_at, v, n);
    sl_some_store(w_at, w - (adam->fade * w + adam->rate * m / root), n);
}

static void sl_kernel_adam_update(int64_t n, struct sl_adam adam,
                                  const float *g, float *w, float *m, float *v)
{
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES)
        sl_adam_some(SL_LANES, &adam, g + i, w + i, m + i, v + i);
    if (i < n)
        sl_adam_some(n - i, &adam, g + i, w + i, m + i, v + i);
}

/* The arrays of RMSProp; mean and speed may be NULL. */
struct sl_rmsprop_rows {
    const float *g;
    float *w;
    float *v;
    float *mean;
    float *speed;
};

/* v less the mean's square, which rounding may make negative: then 0. */
static inline sl_lanes sl_rmsprop_spread(sl_lanes v, sl_lanes mean)
{
    sl_lanes spread = v - mean * mean;
    return sl_lanes_unless((sl_lane_bits)(spread < 0), spread);
}

static inline __attribute__((always_inline)) void
sl_rmsprop_some(int64_t i, int64_t n, const struct sl_rmsprop *to,
                const struct sl_rmsprop_rows *at)
{
    sl_lanes w = sl_some_load(at->w + i, n);
    sl_lanes g = sl_some_load(at->g + i, n) * to->scale + to->decay * w;
    sl_lanes v = sl_lanes_normal(to->alpha * sl_some_load(at->v + i, n) +
                                 to->share * g * g);
    sl_some_store(at->v + i, v, n);
    if (at->mean) {
        sl_lanes mean = sl_lanes_normal(
            to->alpha * sl_some_load(at->mean + i, n) + to->share * g);
        sl_some_store(at->mean + i, mean, n);
        v = sl_rmsprop_spread(v, mean);
    }
    sl_lanes root = sl_lanes_sqrt(v) + to->epsilon;
    sl_lanes step = to->rate * g / root;
    if (at->speed) {
        sl_lanes speed = sl_lanes_normal(
            to->momentum * sl_some_load(at->speed + i, n) + g / root);
        sl_some_store(at->speed + i, speed, n);
        step = to->rate * speed;
    }
    sl_some_store(at->w + i, w - step, n);
}

static void sl_kernel_rmsprop_update(int64_t n, struct sl_rmsprop rmsprop,
                                     const float *g, float *w, float *v,
                                     float *mean, float *speed)
{
    const struct sl_rmsprop_rows rows = {g, w, v, mean, speed};
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES)
        sl_rmsprop_some(i, SL_LANES, &rmsprop, &rows);
    if (i < n)
        sl_rmsprop_some(i, n - i, &rmsprop, &rows);
}

#endif
