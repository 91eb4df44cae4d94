/* Looking for NaN and infinity.  Any thread. */
#include "tensor/finite.h"

#include <string.h>

/* All exponent bits set: infinity or NaN (IEEE 754). */
static const uint32_t exponent = UINT32_C(0x7f800000);

enum { BLOCK = 1024 }; /* floats between two decisions */

/*
 * By the bits, as integers: BLAS routines skip NaN (0 * NaN is 0 in sscal,
 * isamax passes over it), and comparisons may be optimized away.
 */
static bool block_is_finite(const float *values, int64_t n)
{
    uint32_t bad = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        bad |= (bits & exponent) == exponent;
    }
    return !bad;
}

bool sl_all_finite(const float *values, int64_t n)
{
    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t width = n - start < BLOCK ? n - start : BLOCK;
        if (!block_is_finite(values + start, width))
            return false;
    }
    return true;
}
