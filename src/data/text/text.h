/*
 * What a text is made of: tokens of one, two or four bytes.
 *
 * Threads: const once made, so any number at once.
 */
#ifndef SL_DATA_TEXT_TEXT_H
#define SL_DATA_TEXT_TEXT_H

#include <sluice/text.h>

#include "data/formats/byte_source.h"

struct sluice_text {
    const sluice_allocator *allocator;
    union {
        void *data;
        uint8_t *bytes;
        uint16_t *words;
        int32_t *integers;
    };
    size_t width;    /* bytes of a token: 1, 2 or 4 */
    size_t capacity; /* tokens that there is room for */
    size_t n;
    int32_t vocabulary; /* largest token plus one */
};

/* Room for tokens below `vocabulary`.  Returns SLUICE_OK, SLUICE_NO_MEMORY. */
sluice_status sl_text_create(int32_t vocabulary, size_t capacity,
                             const sluice_allocator *allocator,
                             sluice_text **out, sluice_diag *why);

/* Append tokens[n]: there is room, and they are below the vocabulary that the
 * text was made for. */
void sl_text_append(sluice_text *text, const int32_t *tokens, size_t n);

/* Copy tokens first to first + n - 1. */
void sl_text_copy(const sluice_text *text, size_t first, size_t n,
                  int32_t *tokens);

/* As sluice_text_read_tokens(), of a file that is no .npy. */
sluice_status sl_token_file_parse(struct sl_source *source,
                                  const sluice_allocator *allocator,
                                  sluice_text **out, sluice_diag *why);

#endif
