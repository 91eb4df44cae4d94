/*
 * The pairs of a byte-pair encoding, from GPT-2's merges.txt: a line for each,
 * the two tokens with a blank between them; the first line may be a comment.
 * The earlier a pair stands, the sooner it is joined.
 *
 * Threads: const once parsed.
 */
#ifndef SL_DATA_TEXT_MERGES_H
#define SL_DATA_TEXT_MERGES_H

#include "data/text/vocabulary.h"

struct sl_merge {
    int32_t left; /* -1: an empty place of the table */
    int32_t right;
    int32_t joined;
    int32_t rank;
};

struct sl_merges {
    const sluice_allocator *allocator;
    struct sl_merge *table; /* [size] by the hash of the pair */
    size_t size;
};

/*
 * Read the pairs of a vocabulary.
 *
 * Returns  SLUICE_OK; SLUICE_FORMAT, naming the line, if it is no pair of the
 *          vocabulary's tokens that make another one, or is there twice;
 *          SLUICE_IO; SLUICE_NO_MEMORY.
 */
sluice_status sl_merges_parse(struct sl_source *source,
                              const struct sl_vocabulary *vocabulary,
                              const sluice_allocator *allocator,
                              struct sl_merges *out, sluice_diag *why);

/* Also legal on one of zeros. */
void sl_merges_fini(struct sl_merges *merges);

/* What becomes of a pair; NULL if it is not joined. */
const struct sl_merge *sl_merges_find(const struct sl_merges *merges,
                                      int32_t left, int32_t right);

#endif
