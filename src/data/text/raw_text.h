/*
 * The bytes of a text: of a file, or of a text with a name.
 *
 * Threads: one at a time.
 */
#ifndef SL_DATA_TEXT_RAW_TEXT_H
#define SL_DATA_TEXT_RAW_TEXT_H

#include <sluice/text.h>

#include "data/text/king_james.h"

struct sl_raw_text {
    const sluice_allocator *allocator;
    struct sl_source *source;   /* read from its beginning */
    struct sl_plain_text owned; /* what the source reads, if it is no file */
    uint64_t n;                 /* bytes of it */
};

/*
 * Open a text, named as for sluice_text_open().
 *
 * Returns  as that; SLUICE_FORMAT if it has no bytes.
 */
sluice_status sl_raw_text_open(struct sl_raw_text *text, const char *name,
                               const sluice_allocator *allocator,
                               sluice_diag *why);

void sl_raw_text_close(struct sl_raw_text *text);

/* Do something with a piece of the text: as much as `used` says, more than 0.
 */
typedef sluice_status sl_take_piece(void *context, const char *bytes, size_t n,
                                    uint64_t at, bool is_last, size_t *used,
                                    sluice_diag *why);

/*
 * Go through the text, piece by piece.
 *
 * Returns  SLUICE_OK; what sl_source_read() or the function returns;
 *          SLUICE_NO_MEMORY.
 */
sluice_status sl_raw_text_walk(struct sl_raw_text *text, sl_take_piece *take,
                               void *context, sluice_diag *why);

#endif
