/*
 * How much of a grid of settings a test takes.  The release build takes it all.
 * Sanitizers are ten times as slow and look for what most points of a grid
 * would show: they take every fifth, drawn at random but the same each time.
 * A run with another GEMM backend, named by SLUICE_TEST_GEMM, takes a fourth of
 * that.  SLUICE_TEST_LONG in the environment asks for everything in any build,
 * and for more than a day-to-day run can afford.
 */
#ifndef SL_TEST_GRID_H
#define SL_TEST_GRID_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SL_TEST_STRIDE = 5,
#else
    SL_TEST_STRIDE = 1,
#endif
};

static inline bool sl_test_is_long(void)
{
    return getenv("SLUICE_TEST_LONG");
}

/* Whether to leave out the next point.  One thread. */
static inline bool sl_test_skips(void)
{
    static uint32_t state = 1; /* a sequence of Lehmer's */
    state = (uint32_t)((uint64_t)state * 48271 % 2147483647);
    uint32_t stride =
        getenv("SLUICE_TEST_GEMM") ? 4 * SL_TEST_STRIDE : SL_TEST_STRIDE;
    return state % stride && !sl_test_is_long();
}

#endif
