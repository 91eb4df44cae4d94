/* The scan for NaN and infinity. */
#include "tensor/finite.h"

#include <float.h>

#include "support/runner.h"
#include "tensor/numbers.h"

enum { N = 2500 }; /* more than two of its blocks */

static float values[N];

START_TEST(ordinary_extremes_are_finite)
{
    const float extremes[] = {0, -0.0f, FLT_MAX, -FLT_MAX, FLT_MIN, 1e-45f};
    ck_assert(sl_all_finite(extremes, sizeof extremes / sizeof *extremes));
    ck_assert(sl_all_finite(extremes, 0));
}
END_TEST

START_TEST(one_bad_value_anywhere_is_found)
{
    const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    sl_test_fill(1, N, values);
    ck_assert(sl_all_finite(values, N));
    for (int i = 0; i < N; i++) {
        float good = values[i];
        values[i] = bad[i % 4];
        ck_assert(!sl_all_finite(values, N));
        ck_assert(sl_all_finite(values, i));
        values[i] = good;
    }
}
END_TEST

SLUICE_TEST_MAIN("tensor.finite", ordinary_extremes_are_finite,
                 one_bad_value_anywhere_is_found)
