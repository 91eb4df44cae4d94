/*
 * Pages of 2 MiB for large blocks.
 *
 * A processor keeps the addresses of few pages at hand.  Weights of 4 MiB,
 * which are read once for each micro-batch, take 1,024 pages of 4 KiB or two of
 * 2 MiB. Linux grants large pages always, where they are asked for, or never
 * (/sys/kernel/mm/transparent_hugepage/enabled): this asks.
 *
 * Threads: any.
 */
#ifndef SL_BASE_HUGE_PAGES_H
#define SL_BASE_HUGE_PAGES_H

#include <stddef.h>

enum { SL_HUGE_PAGE = 2 << 20 }; /* bytes, of x86-64 and of most others */

/* The alignment at which a block of `bytes` fills huge pages: SL_HUGE_PAGE, or
 * `align` if the block is smaller than one. */
size_t sl_huge_pages_align(size_t bytes, size_t align);

/* Ask for them where they lie wholly in block[bytes].  The content and what may
 * be done with the block stay the same, and so does everything if the system
 * refuses. */
void sl_huge_pages_ask(void *block, size_t bytes);

#endif
