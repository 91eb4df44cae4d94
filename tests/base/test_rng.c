/* Counter-based random numbers. */
#include "base/rng.h"

#include <string.h>

#include "support/runner.h"

START_TEST(a_block_depends_on_key_and_counter_alone)
{
    uint32_t a[8], b[8];
    struct sl_rng_counter at = {{1, 2, 3, 4}};
    sl_rng_block(7, SL_RNG_INIT, at, a);
    sl_rng_block(7, SL_RNG_INIT, at, b);
    ck_assert_mem_eq(a, b, sizeof a);
    sl_rng_block(7, SL_RNG_DROPOUT, at, b);
    ck_assert_mem_ne(a, b, sizeof a);
    sl_rng_block(8, SL_RNG_INIT, at, b);
    ck_assert_mem_ne(a, b, sizeof a);
    for (int i = 0; i < 4; i++) {
        struct sl_rng_counter next = at;
        next.at[i]++;
        sl_rng_block(7, SL_RNG_INIT, next, b);
        ck_assert_mem_ne(a, b, sizeof a);
    }
}
END_TEST

START_TEST(units_are_in_the_half_open_interval_and_uniform)
{
    double sum = 0;
    enum { N = 20000 };
    for (uint64_t i = 0; i < N; i++) {
        uint32_t bits[8];
        sl_rng_block(1, SL_RNG_TEST, (struct sl_rng_counter){{i, 0, 0, 0}},
                     bits);
        for (int j = 0; j < 8; j++) {
            float u = sl_rng_unit(bits[j]);
            ck_assert(u >= 0 && u < 1);
            sum += u;
        }
    }
    /* Standard error of the mean: sqrt(1/12 / 160000) = 0.00072; 5 of them. */
    ck_assert_double_eq_tol(sum / (8.0 * N), 0.5, 0.0036);
    ck_assert(sl_rng_unit(UINT32_MAX) < 1);
}
END_TEST

SLUICE_TEST_MAIN("base.rng", a_block_depends_on_key_and_counter_alone,
                 units_are_in_the_half_open_interval_and_uniform)
