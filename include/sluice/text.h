/*
 * Texts as sequences of tokens, and data sets of their windows: a row is so
 * many tokens that follow each other, and its targets are the tokens that
 * follow each of them.
 *
 * Files are treated as hostile, as in sluice/dataset.h.  A text takes one, two
 * or four bytes of memory for a token, for vocabularies of at most 2^8, at most
 * 2^16 and more.  Where a tokenizer makes it, it takes these for each byte of
 * the text, as any byte may be a token; reading takes 1 MiB more.
 */
#ifndef SLUICE_TEXT_H
#define SLUICE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/dataset.h>
#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/status.h>
#include <sluice/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_text sluice_text;

/*
 * Read a text and turn it into tokens.  `name` is
 *
 *     "king-james"  the King James Bible of Debian's bible-kjv-text: 4,137,850
 *                   bytes, a verse a line
 *     "genesis"     its first book, which comes with the library: 196,818 bytes
 *     other names   a file
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND if king-james is not installed, with the
 *          package; SLUICE_IO if a file cannot be read; SLUICE_FORMAT if it is
 *          empty, is not what it should be, or not a text of the tokenizer,
 *          with the byte; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_text_open(const char *name,
                                          const sluice_tokenizer *tokenizer,
                                          const sluice_allocator *allocator,
                                          sluice_text **out, sluice_diag *why);

/* Whether `name` is one of the texts with a name of their own. */
SLUICE_API bool sluice_text_is_named(const char *name);

/*
 * Read a file of tokens:
 *
 *     .npy        a vector of integers, not negative: int32, int64, uint8
 *     other names as llm.c writes them: 256 numbers of 32 bits, 20240520, 1 and
 *                 how many tokens there are, then 16-bit numbers; or 20240801,
 *                 7, their number, then 32-bit numbers.  A file that begins
 *                 otherwise is all 16-bit numbers, as nanoGPT writes them.
 *                 Everything is little-endian.
 *
 * Returns  SLUICE_OK; SLUICE_IO; SLUICE_FORMAT, naming the byte, also for less
 *          than 2 tokens; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status
sluice_text_read_tokens(const char *path, const sluice_allocator *allocator,
                        sluice_text **out, sluice_diag *why);

/* NULL is allowed.  Its data sets must be gone. */
SLUICE_API void sluice_text_destroy(sluice_text *text);

/* Number of tokens. */
SLUICE_API int64_t sluice_text_length(const sluice_text *text);

/* Largest token plus one. */
SLUICE_API int32_t sluice_text_vocabulary(const sluice_text *text);

/* Token `i` of the text. */
SLUICE_API int32_t sluice_text_token(const sluice_text *text, int64_t i);

/*
 * The windows of `context` tokens in the n tokens from `first` on.  A row's
 * features are the tokens of a window, int32[context], its targets the tokens
 * behind each of them.  An epoch takes windows that lie end to end, (n -
 * context) / context of them or at least one; sluice_dataset_order() begins the
 * first at a token that depends on the epoch.
 *
 * Takes    nothing: `text` must outlive the data set.
 * Returns  SLUICE_OK; SLUICE_INVALID if there are not context + 1 tokens, or
 *          they are not in the text; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_dataset_windows(
    const sluice_text *text, int64_t first, int64_t n, int64_t context,
    const sluice_allocator *allocator, sluice_dataset **out, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
