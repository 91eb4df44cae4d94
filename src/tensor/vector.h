/*
 * Four floats at a time, with SLEEF's functions on them.
 *
 * An element's value never depends on where it stands: loads and stores need no
 * alignment, and a tail is padded to a full vector instead of taking another
 * way.  On x86 these are the SSE2 variants without fused multiply-add, whose
 * bits are the same on every processor.
 */
#ifndef SL_TENSOR_VECTOR_H
#define SL_TENSOR_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sleef.h>

enum { SL_LANES = 4 };

typedef float sl_lanes __attribute__((vector_size(16)));

#if defined(__SSE2__)
/* At most 3.5, 1 and 1 units in the last place from the exact value. */
static inline sl_lanes sl_lanes_tanh(sl_lanes x)
{
    return Sleef_cinz_tanhf4_u35sse2(x);
}
static inline sl_lanes sl_lanes_erf(sl_lanes x)
{
    return Sleef_cinz_erff4_u10sse2(x);
}
static inline sl_lanes sl_lanes_exp(sl_lanes x)
{
    return Sleef_cinz_expf4_u10sse2(x);
}
#else
static inline sl_lanes sl_lanes_tanh(sl_lanes x)
{
    return Sleef_tanhf4_u35(x);
}
static inline sl_lanes sl_lanes_erf(sl_lanes x)
{
    return Sleef_erff4_u10(x);
}
static inline sl_lanes sl_lanes_exp(sl_lanes x)
{
    return Sleef_expf4_u10(x);
}
#endif

/* The same float four times. */
static inline sl_lanes sl_lanes_of(float x)
{
    return (sl_lanes){x, x, x, x};
}

/* How many of the elements from i to n fit into one vector. */
static inline int64_t sl_lanes_left(int64_t n, int64_t i)
{
    return n - i < SL_LANES ? n - i : SL_LANES;
}

/* at[0..n), n <= SL_LANES; the lanes behind them are 0. */
static inline sl_lanes sl_lanes_load(const float *at, int64_t n)
{
    sl_lanes x = {0};
    memcpy(&x, at, (size_t)n * sizeof *at);
    return x;
}

/* Write the first n <= SL_LANES lanes to at[0..n). */
static inline void sl_lanes_store(float *at, sl_lanes x, int64_t n)
{
    memcpy(at, &x, (size_t)n * sizeof *at);
}

#endif
