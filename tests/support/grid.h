/*
 * How much of a grid of settings a test takes.  The release build takes it all,
 * or what the test says is enough from day to day.
 * Sanitizers are ten times as slow and look for what most points of a grid
 * would show: of every fifteen points in a row they take one, drawn at random
 * but the same each time.  A run with another GEMM backend, named by
 * SLUICE_TEST_GEMM, takes one of six; with sanitizers, one of 90.
 * SLUICE_TEST_LONG in the environment asks for everything in any build, and for
 * more than a day-to-day run can afford.
 */
#ifndef SL_TEST_GRID_H
#define SL_TEST_GRID_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SL_TEST_STRIDE = 15, /* odd: grids have many settings of two values */
#else
    SL_TEST_STRIDE = 1,
#endif
};

static inline bool sl_test_is_long(void)
{
    return getenv("SLUICE_TEST_LONG");
}

/* Whether to leave out the next point of a grid of which one point in `thin`
 * is enough from day to day.  Of the first points of a program, as of
 * each such number after them, one is taken: a short list is never left out
 * as a whole.  One thread; a program names one `thin`. */
static inline bool sl_test_skips_of(uint32_t thin)
{
    static uint32_t state = 1; /* a sequence of Lehmer's */
    static uint32_t at, taken; /* the next point, and which of them is taken */
    uint32_t stride = thin * SL_TEST_STRIDE;
    if (getenv("SLUICE_TEST_GEMM"))
        stride *= 6;
    if (at % stride == 0) {
        state = (uint32_t)((uint64_t)state * 48271 % 2147483647);
        taken = state % stride;
    }
    return at++ % stride != taken && !sl_test_is_long();
}

static inline bool sl_test_skips(void)
{
    return sl_test_skips_of(1);
}

#endif
