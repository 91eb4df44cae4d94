/*
 * A set of code points, and making the tokenizer "characters" of it.
 *
 * Threads: one at a time.
 */
#ifndef SL_DATA_TEXT_ALPHABET_H
#define SL_DATA_TEXT_ALPHABET_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/tokenizer.h>

#include "base/text/code_point.h"

struct sl_alphabet {
    uint64_t has[SL_CODE_POINTS / 64]; /* a bit for each code point: 136 KiB */
    int32_t n;
};

static inline void sl_alphabet_add(struct sl_alphabet *alphabet, uint32_t code)
{
    uint64_t bit = UINT64_C(1) << (code % 64);
    alphabet->n += !(alphabet->has[code / 64] & bit);
    alphabet->has[code / 64] |= bit;
}

/*
 * Add the code points of a piece of a text.
 *
 * Returns  SLUICE_OK with the bytes used, less than n only if a code point is
 *          cut off and `is_last` is false; SLUICE_FORMAT, naming the byte, if
 *          it is not UTF-8.
 */
sluice_status sl_alphabet_add_text(struct sl_alphabet *alphabet,
                                   const char *text, size_t n, uint64_t at,
                                   bool is_last, size_t *used,
                                   sluice_diag *why);

/* Returns SLUICE_OK, SLUICE_NO_MEMORY; the alphabet is not empty. */
sluice_status sl_characters_create(const struct sl_alphabet *alphabet,
                                   const sluice_allocator *allocator,
                                   sluice_tokenizer **out, sluice_diag *why);

#endif
