/*
 * What a core can do at most: multiply-adds of floats in registers, and floats
 * streamed through registers.  A core's clock may depend on what the others do,
 * so measure in a crew, too.
 */
#ifndef BENCH_ROOFLINE_PEAK_H
#define BENCH_ROOFLINE_PEAK_H

#include <stddef.h>

/* Floating-point operations per second of the calling thread, with the widest
 * fused multiply-adds of the processor; the median of several runs. */
double peak_flops(void);

/* The instructions of that measurement: "AVX-512", "AVX2" or "portable". */
const char *peak_instructions(void);

/*
 * Bytes per second of y += a * x over `bytes` of x and y together, read again
 * and again: two reads and a write for each element.  The median of several
 * runs; 0 if out of memory.
 */
double peak_bandwidth(size_t bytes);

#endif
