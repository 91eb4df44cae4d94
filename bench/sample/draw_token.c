/* Drawing a token from a model's outputs.  Any thread; no state. */
#include "bench/sample/draw_token.h"

#include <math.h>

/* Numbers by counter, so that a text depends on its seed alone: the finalizer
 * of SplitMix64 (Steele et al., 2014). */
static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* In [0, 1), a multiple of 2^-53. */
static double unit(uint64_t seed, uint64_t number)
{
    const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15);
    return (double)(mix(mix(seed + golden) + (number + 1) * golden) >> 11) *
           0x1p-53;
}

/* Move the k largest to the front, largest first.  k is small, or all that is
 * wanted is which one is the largest. */
static void select_largest(const float *y, int32_t n, int32_t k, int32_t *order)
{
    for (int32_t i = 0; i < n; i++)
        order[i] = i;
    for (int32_t i = 0; i < k; i++) {
        int32_t best = i;
        for (int32_t j = i + 1; j < n; j++)
            if (y[order[j]] > y[order[best]] ||
                (y[order[j]] == y[order[best]] && order[j] < order[best]))
                best = j;
        int32_t token = order[best];
        order[best] = order[i];
        order[i] = token;
    }
}

int32_t draw_token(const struct draw_config *config, uint64_t number,
                   const float *y, int32_t n, int32_t *order, double *p)
{
    int32_t k =
        config->top_k > 0 && config->top_k < n ? (int32_t)config->top_k : n;
    select_largest(y, n, config->temperature == 0 || k == n ? 1 : k, order);
    if (config->temperature == 0)
        return order[0];
    double sum = 0, largest = (double)y[order[0]];
    for (int32_t i = 0; i < k; i++) {
        p[i] = exp(((double)y[order[i]] - largest) / config->temperature);
        sum += p[i];
    }
    double left = unit(config->seed, number) * sum;
    int32_t i = 0;
    while (i + 1 < k && left >= p[i])
        left -= p[i++];
    return order[i];
}
