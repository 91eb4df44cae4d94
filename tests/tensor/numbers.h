/* Numbers to compute with, and how far two of them are apart. */
#ifndef SL_TEST_NUMBERS_H
#define SL_TEST_NUMBERS_H

#include <math.h>
#include <stdint.h>

#include "base/rng.h"

/* values[n], uniform in [-1, 1), a function of `seed` and the place. */
static inline void sl_test_fill(uint64_t seed, int64_t n, float *values)
{
    uint32_t bits[8];
    for (int64_t i = 0; i < n; i++) {
        if (i % 8 == 0)
            sl_rng_block(seed, SL_RNG_TEST,
                         (struct sl_rng_counter){{(uint64_t)i / 8}}, bits);
        values[i] = 2 * sl_rng_unit(bits[i % 8]) - 1;
    }
}

/* The largest difference between a[n] and b[n], relative to the largest of
 * b[n]; NaN if there is one. */
static inline double sl_test_distance(int64_t n, const float *a, const float *b)
{
    double apart = 0, size = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);
        if (isnan(d))
            return d;
        apart = fmax(apart, d);
        size = fmax(size, fabs((double)b[i]));
    }
    return size > 0 ? apart / size : apart;
}

#endif
