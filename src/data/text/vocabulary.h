/*
 * The tokens of a byte-pair encoding, from GPT-2's vocab.json: an object of
 * tokens and their numbers, which are 0 to n - 1.  In the file a byte is a
 * character: the printable ones of Latin-1 are themselves, the others are
 * U+0100 and on, in their order (bytes_to_unicode() of OpenAI's gpt-2).
 *
 * Threads: const once parsed.
 */
#ifndef SL_DATA_TEXT_VOCABULARY_H
#define SL_DATA_TEXT_VOCABULARY_H

#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/status.h>

#include "data/formats/byte_source.h"

struct sl_vocabulary {
    const sluice_allocator *allocator;
    char *file; /* its content, in which tokens have become bytes */
    size_t file_bytes;
    int32_t n;
    uint32_t *starts;  /* starts[n] in `file` */
    uint16_t *lengths; /* lengths[n] */
    int32_t *table;    /* table[table_size] of tokens by their hash; -1: none */
    size_t table_size;
};

/*
 * Read a vocabulary.
 *
 * Returns  SLUICE_OK; SLUICE_FORMAT, naming the byte, for what is no such
 *          object: a number that is missing or there twice, a token that is
 *          empty or there twice, a character that is no byte; SLUICE_IO;
 *          SLUICE_NO_MEMORY.
 */
sluice_status sl_vocabulary_parse(struct sl_source *source,
                                  const sluice_allocator *allocator,
                                  struct sl_vocabulary *out, sluice_diag *why);

/* Also legal on one of zeros. */
void sl_vocabulary_fini(struct sl_vocabulary *vocabulary);

/* The token of these bytes; -1 if there is none. */
int32_t sl_vocabulary_find(const struct sl_vocabulary *vocabulary,
                           const char *bytes, size_t n);

/* The byte that a character of such a file stands for; -1 if it is none. */
int sl_byte_of_character(uint32_t code);

#endif
