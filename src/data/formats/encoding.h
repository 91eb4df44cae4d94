/*
 * How a file writes numbers, and how they become ours.  Each format has a table
 * of the encodings it knows, by the names it gives them.
 *
 * Threads: any; no state.
 */
#ifndef SL_DATA_FORMATS_ENCODING_H
#define SL_DATA_FORMATS_ENCODING_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/dataset.h>
#include <sluice/status.h>

#include "data/formats/byte_source.h"

/*
 * Decode from[n] into `to`.
 *
 * Returns  how many were decoded: less than `n` if the next one does not fit
 *          the type it is to become.
 */
typedef size_t sl_decode(const unsigned char *from, size_t n, void *to);

sl_decode sl_decode_u8;
sl_decode sl_decode_i32_be; /* big-endian */
sl_decode sl_decode_f32_be;
sl_decode sl_decode_i32_le;   /* little-endian, as are all below */
sl_decode sl_decode_i64_le;   /* to int32_t */
sl_decode sl_decode_count_le; /* 64 bits to float, from 0 to 2^24 */
sl_decode sl_decode_f32_le;
sl_decode sl_decode_f64_le; /* to float, rounded to nearest; so the next two */
sl_decode sl_decode_f16_le;
sl_decode sl_decode_bf16_le;

struct sl_encoding {
    const char *name;       /* as the format writes it */
    size_t bytes;           /* of an element in the file */
    sluice_element element; /* what it becomes */
    sl_decode *decode;      /* NULL: known, but not read */
};

/* Write elements[n] as they are stored, little-endian, to to[n *
 * sluice_element_bytes()]. */
void sl_encode_le(sluice_element element, const void *elements, size_t n,
                  unsigned char *to);

/*
 * Read elements and decode them into to[n].
 *
 * Returns  as sl_source_read(); SLUICE_FORMAT also for a number that does not
 *          fit.
 */
sluice_status sl_read_encoded(struct sl_source *source,
                              const struct sl_encoding *encoding, void *to,
                              size_t n, sluice_diag *why);

#endif
