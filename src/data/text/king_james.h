/*
 * The text of Debian's bible-kjv-text, /usr/lib/bible.data: a header, and lines
 * such as "Ge1:1 In the beginning ...", compressed by compress(1).
 *
 * Threads: any; no state.
 */
#ifndef SL_DATA_TEXT_KING_JAMES_H
#define SL_DATA_TEXT_KING_JAMES_H

#include <stddef.h>

#include <sluice/memory.h>
#include <sluice/status.h>

#include "data/formats/byte_source.h"

/* A text in memory. */
struct sl_plain_text {
    char *bytes;
    size_t n;
    size_t capacity; /* bytes that were allocated */
};

/*
 * Read the verses, a line each, without their references.
 *
 * Returns  SLUICE_OK, the text is the caller's, to be freed by sl_free();
 *          SLUICE_FORMAT if it is another file or a damaged one; SLUICE_IO;
 *          SLUICE_NO_MEMORY.
 */
sluice_status sl_king_james_read(struct sl_source *source,
                                 const sluice_allocator *allocator,
                                 struct sl_plain_text *out, sluice_diag *why);

#endif
