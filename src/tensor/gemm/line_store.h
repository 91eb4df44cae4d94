/*
 * Stores that pass by the caches, for what is written once and read later than
 * a cache would keep it: the line is not read before it is overwritten, and
 * drives nothing out.
 *
 * Threads: any.
 */
#ifndef SL_TENSOR_GEMM_LINE_STORE_H
#define SL_TENSOR_GEMM_LINE_STORE_H

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { SL_LINE_FLOATS = 64 / sizeof(float) }; /* of a line of the caches */

/* Copy a line past the caches.  `to` is aligned to 64 bytes. */
static inline void sl_line_store(float *to, const float *from)
{
#if defined(__SSE2__)
    for (int i = 0; i < SL_LINE_FLOATS; i += 4)
        _mm_stream_ps(to + i, _mm_loadu_ps(from + i));
#else
    memcpy(to, from, SL_LINE_FLOATS * sizeof *to);
#endif
}

/* After the last line: other threads that are told of them later find them. */
static inline void sl_line_stores_end(void)
{
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

#endif
