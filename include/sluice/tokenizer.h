/*
 * Tokenizers: text to integers below a vocabulary, and back.
 *
 *     bytes       each byte is a token, by its value; any file is a text
 *     characters  each character (Unicode code point) of a vocabulary is a
 *                 token, in the order of code points; texts are UTF-8
 *
 *     gpt2        GPT-2's byte-pair encoding, by the files vocab.json and
 *                 merges.txt of a directory (or encoder.json and vocab.bpe, as
 *                 OpenAI names them); any file is a text
 *
 * The name of a tokenizer is a text from which it can be made again, such as
 * "bytes", "characters:10,32-126" or "gpt2:DIRECTORY": a file of trained
 * parameters keeps it.
 *
 * Threads: const once made, so any number at once.
 */
#ifndef SLUICE_TOKENIZER_H
#define SLUICE_TOKENIZER_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_tokenizer sluice_tokenizer;

/*
 * A tokenizer by its name.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND with the list of names, or the file that
 *          is missing; SLUICE_INVALID if what follows the name cannot be;
 *          SLUICE_FORMAT or SLUICE_IO of a file; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status
sluice_tokenizer_parse(const char *name, const sluice_allocator *allocator,
                       sluice_tokenizer **out, sluice_diag *why);

/*
 * The tokenizer "characters" whose vocabulary is the characters of a text,
 * named as for sluice_text_open().
 *
 * Returns  SLUICE_OK; what sluice_text_open() returns; SLUICE_FORMAT if the
 *          text is not UTF-8, with the byte.
 */
SLUICE_API sluice_status
sluice_tokenizer_characters(const char *text, const sluice_allocator *allocator,
                            sluice_tokenizer **out, sluice_diag *why);

/* NULL is allowed. */
SLUICE_API void sluice_tokenizer_destroy(sluice_tokenizer *tokenizer);

/* Tokens are below this. */
SLUICE_API int32_t
sluice_tokenizer_vocabulary(const sluice_tokenizer *tokenizer);

/*
 * Write the name.  At most `size` bytes are written to `text`, terminating 0
 * included.
 *
 * Returns  the length of the whole, as snprintf().
 */
SLUICE_API size_t sluice_tokenizer_print(const sluice_tokenizer *tokenizer,
                                         char *text, size_t size);

/*
 * The tokens of text[n].
 *
 * Shapes   tokens[n]: there are at most as many as bytes; *n_tokens of them are
 *          written.
 * Returns  SLUICE_OK; SLUICE_INVALID, naming the byte, if the text is not UTF-8
 *          or has a character that is not in the vocabulary; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_tokenizer_encode(
    const sluice_tokenizer *tokenizer, const char *text, size_t n,
    int32_t *tokens, size_t *n_tokens, sluice_diag *why);

/*
 * The text of a token: *n bytes, which may be a part of a character, without a
 * 0 at the end; owned by the tokenizer.  NULL, and *n is 0, if `token` is not
 * below the vocabulary.
 */
SLUICE_API const char *
sluice_tokenizer_decode(const sluice_tokenizer *tokenizer, int32_t token,
                        size_t *n);

#ifdef __cplusplus
}
#endif

#endif
