/*
 * bfloat16: the upper half of a float, with 8 bits of precision.  A float
 * becomes one by rounding to the nearest, of two that are equally near to the
 * even one; too large a number becomes infinite, NaN stays NaN.
 *
 * Threads: any.
 */
#ifndef SL_TENSOR_BFLOAT16_H
#define SL_TENSOR_BFLOAT16_H

#include <stdint.h>
#include <string.h>

typedef uint16_t sl_bfloat16; /* its bits */

static inline sl_bfloat16 sl_bf16_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7fffffffU) > 0x7f800000U)
        return (sl_bfloat16)(bits >> 16 | 0x40); /* a quiet NaN */
    return (sl_bfloat16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float sl_bf16_value(sl_bfloat16 half)
{
    uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#endif
