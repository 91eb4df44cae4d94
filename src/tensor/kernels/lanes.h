/*
 * The vector registers that a file is compiled for: SL_LANES floats at a time,
 * with SLEEF's functions on them.
 *
 * The compiler's target decides: 16 lanes with AVX-512, 8 with AVX2, 4
 * otherwise.  Kernels are written once on these types and compiled once for
 * each instruction set (kernels_base.c, kernels_avx2.c, kernels_avx512.c).
 *
 * Loads and stores need no alignment.  SLEEF's `cinz` functions give the same
 * bits at every width, because they use no fused multiply-add; so an element's
 * value depends neither on its place nor on the processor.
 */
#ifndef SL_TENSOR_KERNELS_LANES_H
#define SL_TENSOR_KERNELS_LANES_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#else
#include <math.h>
#endif
#include <sleef.h>

#if defined(__AVX512F__)
enum { SL_LANES = 16 };
#elif defined(__AVX2__)
enum { SL_LANES = 8 };
#else
enum { SL_LANES = 4 };
#endif

/* A vector of floats; comparing two gives sl_lane_bits, all ones for true.
 * Doubles come in vectors of as many bytes, made from half a vector of floats.
 */
typedef float sl_lanes __attribute__((vector_size(SL_LANES * 4)));
typedef uint32_t sl_lane_bits __attribute__((vector_size(SL_LANES * 4)));
enum { SL_WIDE = SL_LANES / 2 };
typedef float sl_half __attribute__((vector_size(SL_WIDE * 4)));
typedef double sl_wide __attribute__((vector_size(SL_WIDE * 8)));
typedef int64_t sl_wide_bits __attribute__((vector_size(SL_WIDE * 8)));

static inline sl_lanes sl_lanes_load(const float *at)
{
    sl_lanes x;
    memcpy(&x, at, sizeof x);
    return x;
}

static inline void sl_lanes_store(float *at, sl_lanes x)
{
    memcpy(at, &x, sizeof x);
}

/*
 * sl_lanes_load_part(): at[0..n), n <= SL_LANES; the lanes behind them are 0.
 * sl_lanes_store_part(): write the first n lanes to at[0..n).
 * sl_lanes_tanh(), _erf(), _exp(): at most 3.5, 1 and 1 units in the last place
 * from the exact value.  sl_lanes_sqrt(): the exact value, rounded once.
 */
#if defined(__AVX512F__)
static inline sl_lanes sl_lanes_load_part(const float *at, int64_t n)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1U << n) - 1), at);
}

static inline void sl_lanes_store_part(float *at, sl_lanes x, int64_t n)
{
    _mm512_mask_storeu_ps(at, (__mmask16)((1U << n) - 1), x);
}

static inline sl_lanes sl_lanes_sqrt(sl_lanes x)
{
    return _mm512_sqrt_ps(x);
}

static inline sl_lanes sl_lanes_tanh(sl_lanes x)
{
    return Sleef_cinz_tanhf16_u35avx512fnofma(x);
}

static inline sl_lanes sl_lanes_erf(sl_lanes x)
{
    return Sleef_cinz_erff16_u10avx512fnofma(x);
}

static inline sl_lanes sl_lanes_exp(sl_lanes x)
{
    return Sleef_cinz_expf16_u10avx512fnofma(x);
}
#elif defined(__AVX2__)
static inline __m256i sl_lanes_first(int64_t n)
{
    const __m256i place = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), place);
}

static inline sl_lanes sl_lanes_load_part(const float *at, int64_t n)
{
    return _mm256_maskload_ps(at, sl_lanes_first(n));
}

static inline void sl_lanes_store_part(float *at, sl_lanes x, int64_t n)
{
    _mm256_maskstore_ps(at, sl_lanes_first(n), x);
}

static inline sl_lanes sl_lanes_sqrt(sl_lanes x)
{
    return _mm256_sqrt_ps(x);
}

static inline sl_lanes sl_lanes_tanh(sl_lanes x)
{
    return Sleef_cinz_tanhf8_u35avx(x);
}

static inline sl_lanes sl_lanes_erf(sl_lanes x)
{
    return Sleef_cinz_erff8_u10avx(x);
}

static inline sl_lanes sl_lanes_exp(sl_lanes x)
{
    return Sleef_cinz_expf8_u10avx(x);
}
#else
static inline sl_lanes sl_lanes_load_part(const float *at, int64_t n)
{
    sl_lanes x = {0};
    memcpy(&x, at, (size_t)n * sizeof *at);
    return x;
}

static inline void sl_lanes_store_part(float *at, sl_lanes x, int64_t n)
{
    memcpy(at, &x, (size_t)n * sizeof *at);
}

#if defined(__SSE2__)
static inline sl_lanes sl_lanes_sqrt(sl_lanes x)
{
    return _mm_sqrt_ps(x);
}

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
static inline sl_lanes sl_lanes_sqrt(sl_lanes x)
{
    for (int i = 0; i < SL_LANES; i++)
        x[i] = sqrtf(x[i]);
    return x;
}

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
#endif

/* x where the bits of `drop` are zero, 0 where they are ones. */
static inline sl_lanes sl_lanes_unless(sl_lane_bits drop, sl_lanes x)
{
    return (sl_lanes)(~drop & (sl_lane_bits)x);
}

/* x, 0 where it is so small that it is denormal: a multiplication takes some
 * hundred cycles for such a number. */
static inline sl_lanes sl_lanes_normal(sl_lanes x)
{
    sl_lane_bits exponent = (sl_lane_bits)x & 0x7f800000;
    return sl_lanes_unless((sl_lane_bits)(exponent == 0), x);
}

/* `a` where the bits of `first` are ones, `b` where they are zero. */
static inline sl_lanes sl_lanes_choose(sl_lane_bits first, sl_lanes a,
                                       sl_lanes b)
{
    return (sl_lanes)((first & (sl_lane_bits)a) | (~first & (sl_lane_bits)b));
}

/* SL_WIDE floats as doubles. */
static inline sl_wide sl_wide_load(const float *at)
{
    sl_half x;
    memcpy(&x, at, sizeof x);
    return __builtin_convertvector(x, sl_wide);
}

/* SL_WIDE doubles, each rounded to a float. */
static inline void sl_wide_store(float *at, sl_wide x)
{
    sl_half rounded = __builtin_convertvector(x, sl_half);
    memcpy(at, &rounded, sizeof rounded);
}

#endif
