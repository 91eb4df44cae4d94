/*
 * The data of compress(1): LZW of 9 to 16 bits (Welch, 1984), as `.Z` files
 * have it.
 *
 * Threads: any; no state.
 */
#ifndef SL_DATA_FORMATS_LZW_H
#define SL_DATA_FORMATS_LZW_H

#include <stddef.h>

#include <sluice/memory.h>
#include <sluice/status.h>

/*
 * Expand from[n], which begins with 0x1f9d.
 *
 * Shapes   to[most]; NULL: only count.
 * Returns  SLUICE_OK with the number of bytes; SLUICE_FORMAT, naming the byte,
 *          if the data is damaged or more than `most` bytes come out of it;
 *          SLUICE_NO_MEMORY.
 */
sluice_status sl_lzw_expand(const unsigned char *from, size_t n, char *to,
                            size_t most, const sluice_allocator *allocator,
                            size_t *got, sluice_diag *why);

#endif
