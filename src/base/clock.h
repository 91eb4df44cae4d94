/* The two clocks: wall time, and the CPU time of the calling thread; and sums
 * of times that are given from outside, which may be anything. */
#ifndef SL_BASE_CLOCK_H
#define SL_BASE_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC in nanoseconds.  Any thread. */
int64_t sl_now_ns(void);

/* CPU time of the calling thread in nanoseconds.  Any thread. */
int64_t sl_thread_cpu_ns(void);

/* a + b, or the end of the range that the sum is beyond. */
static inline int64_t sl_add_ns(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

/* a - b, likewise. */
static inline int64_t sl_sub_ns(int64_t a, int64_t b)
{
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference))
        return b < 0 ? INT64_MAX : INT64_MIN;
    return difference;
}

#endif
