/* The two clocks: wall time, and the CPU time of the calling thread. */
#ifndef SL_BASE_CLOCK_H
#define SL_BASE_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC in nanoseconds.  Any thread. */
int64_t sl_now_ns(void);

/* CPU time of the calling thread in nanoseconds.  Any thread. */
int64_t sl_thread_cpu_ns(void);

#endif
