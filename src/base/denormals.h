/*
 * Denormal numbers, less than FLT_MIN: a multiplication or addition that meets
 * one takes more than a hundred cycles on many processors.  A thread that has
 * turned them off reads them as 0, and writes 0 in their place.
 *
 * Whatever computes layers, losses and optimizers turns them off, so that bits
 * do not depend on the thread.  Elsewhere than on x86-64 and AArch64 nothing is
 * done.
 *
 * Threads: any; it is a mode of the calling thread.
 */
#ifndef SL_BASE_DENORMALS_H
#define SL_BASE_DENORMALS_H

#include <stdint.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
enum { SL_DENORMALS = 1 << 15 | 1 << 6 }; /* in MXCSR: results, operands */
#endif

/* Turn them off.  Returns what sl_denormals_restore() takes. */
static inline uint64_t sl_denormals_off(void)
{
#if defined(__x86_64__)
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | SL_DENORMALS);
    return before & SL_DENORMALS;
#elif defined(__aarch64__)
    const uint64_t flush_both = (uint64_t)1 << 24; /* FZ of FPCR */
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | flush_both));
    return before;
#else
    return 0;
#endif
}

/* The mode as it was. */
static inline void sl_denormals_restore(uint64_t before)
{
#if defined(__x86_64__)
    _mm_setcsr((_mm_getcsr() & ~(unsigned)SL_DENORMALS) | (unsigned)before);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(before));
#else
    (void)before;
#endif
}

#endif
