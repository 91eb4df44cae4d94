/*
 * Checksums in the safetensors files that we write: CRC-32 as zlib and gzip
 * have it, in eight lower-case hexadecimal digits.  It finds every burst of up
 * to 32 wrong bits, and of other damage all but 1 in 2^32.
 *
 * The metadata holds one for each tensor, over its bytes as they are stored,
 * and one over the header: its length in eight bytes and its text, in which the
 * digits of that checksum itself count as zeros.  Its place is fixed: such a
 * header begins with SL_CHECKSUM_START.
 *
 * Threads: any; no state.
 */
#ifndef SL_DATA_SAFETENSORS_CHECKSUM_H
#define SL_DATA_SAFETENSORS_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/element.h>

/* Keys of our metadata begin with the first; of a tensor's checksum with the
 * second, behind which stands its name. */
#define SL_OUR_KEYS       "sluice."
#define SL_CHECKSUM_KEY   "sluice.crc32"
#define SL_CHECKSUM_START "{\"__metadata__\":{\"" SL_CHECKSUM_KEY "\":\""

enum {
    SL_CHECKSUM_DIGITS = 8,
    SL_CHECKSUM_TEXT = SL_CHECKSUM_DIGITS + 1,
};

/* Of bytes that follow those which gave `so_far`; 0 if none do. */
uint32_t sl_checksum_bytes(uint32_t so_far, const void *bytes, size_t n);

/* Of bytes that gave `first`, and behind them `n` that gave `second`. */
uint32_t sl_checksum_join(uint32_t first, uint32_t second, size_t n);

/* As text. */
void sl_checksum_text(uint32_t checksum, char text[SL_CHECKSUM_TEXT]);

/* The same of elements[n], as they are stored. */
uint32_t sl_checksum_elements(uint32_t so_far, sluice_element type,
                              const void *elements, size_t n);

/* Whether a header text[n] has a checksum in its place. */
bool sl_checksum_is_there(const char *text, size_t n);

/* What the checksum of a header, which has the place for it, should be. */
uint32_t sl_checksum_header(const char *text, size_t n);

/* Whether it is that. */
bool sl_checksum_header_is_right(const char *text, size_t n);

#endif
