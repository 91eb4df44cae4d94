/*
 * What a tokenizer is made of.  To add one, write its file, which defines a
 * struct sl_tokenizer_ops, and put its name into SL_TOKENIZERS.
 *
 * Threads: const once made, so any number at once.
 */
#ifndef SL_DATA_TEXT_TOKENIZER_H
#define SL_DATA_TEXT_TOKENIZER_H

#include <stdbool.h>

#include <sluice/tokenizer.h>

/* A piece of a text on its way to tokens. */
struct sl_piece {
    const char *text; /* text[n] */
    size_t n;
    uint64_t at;     /* place of its first byte in the whole, for sentences */
    bool is_last;    /* nothing follows; else what may go on is left over */
    int32_t *tokens; /* tokens[n] */
};

struct sl_tokenizer_ops {
    const char *name;

    /* Make one from what follows "name:" in a text; NULL if nothing does.  A
     * kind that cannot be made from a name has none. */
    sluice_status (*parse)(const char *rest, const sluice_allocator *allocator,
                           sluice_tokenizer **out, sluice_diag *why);

    /*
     * Encode a piece from its first byte on.
     *
     * Returns  SLUICE_OK with the numbers of tokens written and bytes used, all
     *          of them if the piece is the last; SLUICE_INVALID, naming the
     *          byte, if it is not a text of this tokenizer; SLUICE_NO_MEMORY.
     */
    sluice_status (*encode)(const sluice_tokenizer *tokenizer,
                            const struct sl_piece *piece, size_t *n_tokens,
                            size_t *n_used, sluice_diag *why);

    /* As sluice_tokenizer_decode(), of a token below the vocabulary. */
    const char *(*decode)(const sluice_tokenizer *tokenizer, int32_t token,
                          size_t *n);

    /* As sluice_tokenizer_print(). */
    size_t (*print)(const sluice_tokenizer *tokenizer, char *text, size_t size);

    void (*destroy)(sluice_tokenizer *tokenizer);
};

/* The first field of each kind's own struct. */
struct sluice_tokenizer {
    const struct sl_tokenizer_ops *ops;
    const sluice_allocator *allocator;
    int32_t vocabulary;
};

/* clang-format off */
#define SL_TOKENIZERS(ROW) \
    ROW(sl_tokenizer_bytes) \
    ROW(sl_tokenizer_characters) \
    ROW(sl_tokenizer_gpt2) \
    /* the end: each row ends with a backslash */
/* clang-format on */

#define SL_DECLARE_TOKENIZER(row) extern const struct sl_tokenizer_ops row;
SL_TOKENIZERS(SL_DECLARE_TOKENIZER)

#endif
