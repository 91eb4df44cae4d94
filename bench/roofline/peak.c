/* What a core can do at most.  Any thread.  One loop for each instruction set,
 * chosen at run time, because the programs are built for the oldest processor
 * of their architecture. */
#include "bench/roofline/peak.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/measure/samples.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    RUNS = 7,
    CHAINS = 16,       /* independent sums: latency 4, two a cycle, and more */
    ROUNDS = 1 << 18,  /* of all chains in a run; some milliseconds */
    STREAM = 64 << 20, /* bytes of a run at least */
    ALIGNMENT = 64,
};

/* A loop of ROUNDS * CHAINS multiply-adds, and one of y[n] += a * x[n]. */
struct loops {
    const char *name;
    int lanes;
    float (*multiply)(float a);
    void (*stream)(float a, const float *x, float *y, size_t n);
};

/* `sum` keeps the compiler from dropping the loop. */
static float multiply_portable(float a)
{
    float sum[CHAINS] = {0};
    for (int r = 0; r < ROUNDS; r++)
        for (int c = 0; c < CHAINS; c++)
            sum[c] = sum[c] * a + a;
    for (int c = 1; c < CHAINS; c++)
        sum[0] += sum[c];
    return sum[0];
}

static void stream_portable(float a, const float *x, float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

static const struct loops portable = {"portable", 1, multiply_portable,
                                      stream_portable};

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static float multiply_avx512(float a)
{
    __m512 factor = _mm512_set1_ps(a);
    __m512 sum[CHAINS];
    for (int c = 0; c < CHAINS; c++)
        sum[c] = factor;
    for (int r = 0; r < ROUNDS; r++) {
#pragma GCC unroll 16
        for (int c = 0; c < CHAINS; c++)
            sum[c] = _mm512_fmadd_ps(sum[c], factor, factor);
    }
    for (int c = 1; c < CHAINS; c++)
        sum[0] = _mm512_add_ps(sum[0], sum[c]);
    return _mm512_reduce_add_ps(sum[0]);
}

__attribute__((target("avx512f"))) static void
stream_avx512(float a, const float *x, float *y, size_t n)
{
    __m512 factor = _mm512_set1_ps(a);
    for (size_t i = 0; i + 16 <= n; i += 16)
        _mm512_store_ps(y + i, _mm512_fmadd_ps(factor, _mm512_load_ps(x + i),
                                               _mm512_load_ps(y + i)));
}

__attribute__((target("avx2,fma"))) static float multiply_avx2(float a)
{
    __m256 factor = _mm256_set1_ps(a);
    __m256 sum[CHAINS];
    for (int c = 0; c < CHAINS; c++)
        sum[c] = factor;
    /* Twelve chains and the factor fit in sixteen registers. */
    for (int r = 0; r < ROUNDS / 3 * 4; r++) {
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS / 4 * 3; c++)
            sum[c] = _mm256_fmadd_ps(sum[c], factor, factor);
    }
    for (int c = 1; c < CHAINS; c++)
        sum[0] = _mm256_add_ps(sum[0], sum[c]);
    float all[8];
    _mm256_storeu_ps(all, sum[0]);
    return all[0];
}

__attribute__((target("avx2,fma"))) static void
stream_avx2(float a, const float *x, float *y, size_t n)
{
    __m256 factor = _mm256_set1_ps(a);
    for (size_t i = 0; i + 8 <= n; i += 8)
        _mm256_store_ps(y + i, _mm256_fmadd_ps(factor, _mm256_load_ps(x + i),
                                               _mm256_load_ps(y + i)));
}

static const struct loops avx512 = {"AVX-512", 16, multiply_avx512,
                                    stream_avx512};
static const struct loops avx2 = {"AVX2", 8, multiply_avx2, stream_avx2};

static const struct loops *loops(void)
{
    if (__builtin_cpu_supports("avx512f"))
        return &avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &avx2;
    return &portable;
}
#else
static const struct loops *loops(void)
{
    return &portable;
}
#endif

const char *peak_instructions(void)
{
    return loops()->name;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double peak_flops(void)
{
    const struct loops *of = loops();
    double rates[RUNS];
    volatile float factor = 0.5F;
    for (int i = 0; i < RUNS; i++) {
        double start = now_s();
        volatile float sum = of->multiply(factor);
        (void)sum;
        rates[i] = 2.0 * ROUNDS * CHAINS * of->lanes / (now_s() - start);
    }
    return median_of(rates, RUNS);
}

double peak_bandwidth(size_t bytes)
{
    size_t half = (bytes / 2 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    float *x = aligned_alloc(ALIGNMENT, 2 * half);
    if (!x)
        return 0;
    memset(x, 0, 2 * half); /* by this thread, so that the pages are near */
    size_t n = half / sizeof *x;
    size_t times = 1 + STREAM / half;
    double rates[RUNS];
    for (int i = 0; i < RUNS; i++) {
        double start = now_s();
        for (size_t t = 0; t < times; t++)
            loops()->stream(1, x, x + n, n);
        rates[i] = 3.0 * (double)half * (double)times / (now_s() - start);
    }
    free(x);
    return median_of(rates, RUNS);
}
