/* Texts as tokens.  Const once made, so any number of threads. */
#include "data/text/text.h"

#include <string.h>

#include "base/memory.h"
#include "data/text/alphabet.h"
#include "data/text/raw_text.h"
#include "data/text/tokenizer.h"

sluice_status sl_text_create(int32_t vocabulary, size_t capacity,
                             const sluice_allocator *allocator,
                             sluice_text **out, sluice_diag *why)
{
    sluice_text *text = sl_alloc(allocator, 1, sizeof *text);
    if (!text)
        return sl_no_memory(why, "a text");
    *text = (sluice_text){
        .allocator = allocator,
        .width = vocabulary <= 1 << 8    ? 1
                 : vocabulary <= 1 << 16 ? 2
                                         : 4,
        .capacity = capacity,
    };
    text->data = sl_alloc(allocator, capacity, text->width);
    if (!text->data) {
        sl_free(allocator, text, 1, sizeof *text);
        return sl_no_memory(why, "the tokens of a text");
    }
    *out = text;
    return SLUICE_OK;
}

void sl_text_append(sluice_text *text, const int32_t *tokens, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text->width == 1)
            text->bytes[text->n++] = (uint8_t)tokens[i];
        else if (text->width == 2)
            text->words[text->n++] = (uint16_t)tokens[i];
        else
            text->integers[text->n++] = tokens[i];
        if (tokens[i] >= text->vocabulary)
            text->vocabulary = tokens[i] + 1;
    }
}

void sl_text_copy(const sluice_text *text, size_t first, size_t n,
                  int32_t *tokens)
{
    if (text->width == 4) {
        memcpy(tokens, text->integers + first, n * sizeof *tokens);
        return;
    }
    for (size_t i = 0; i < n; i++)
        tokens[i] =
            text->width == 1 ? text->bytes[first + i] : text->words[first + i];
}

/* A text under way from its bytes to its tokens. */
struct encoding {
    const sluice_tokenizer *tokenizer;
    sluice_text *text;
    int32_t *tokens; /* of a piece */
    size_t room;
};

static sluice_status make_room(struct encoding *e, size_t n, sluice_diag *why)
{
    if (n <= e->room)
        return SLUICE_OK;
    sl_free(e->text->allocator, e->tokens, e->room, sizeof *e->tokens);
    e->room = n;
    e->tokens = sl_alloc(e->text->allocator, n, sizeof *e->tokens);
    if (e->tokens)
        return SLUICE_OK;
    e->room = 0;
    return sl_no_memory(why, "a piece of a text");
}

static sluice_status encode_piece(void *context, const char *bytes, size_t n,
                                  uint64_t at, bool is_last, size_t *used,
                                  sluice_diag *why)
{
    struct encoding *e = context;
    size_t n_tokens;
    sluice_status st = make_room(e, n, why);
    if (st)
        return st;
    const struct sl_piece piece = {bytes, n, at, is_last, e->tokens};
    st = e->tokenizer->ops->encode(e->tokenizer, &piece, &n_tokens, used, why);
    if (!st)
        sl_text_append(e->text, e->tokens, n_tokens);
    return st;
}

/* What does not fit together comes from a file, so it is its format that is
 * wrong. */
static sluice_status in_file(const char *name, sluice_status st,
                             const sluice_diag *inner, sluice_diag *why)
{
    if (st != SLUICE_INVALID && st != SLUICE_FORMAT)
        return sluice_diag_set(why, st, "%s", inner->text);
    return sluice_diag_set(why, SLUICE_FORMAT, "text '%.100s': %s", name,
                           inner->text);
}

static sluice_status encode_all(struct sl_raw_text *raw, const char *name,
                                const sluice_tokenizer *tokenizer,
                                sluice_text **out, sluice_diag *why)
{
    struct encoding e = {.tokenizer = tokenizer};
    sluice_diag inner = {.text = ""};
    sluice_status st = sl_text_create(tokenizer->vocabulary, (size_t)raw->n,
                                      raw->allocator, &e.text, why);
    if (st)
        return st;
    st = sl_raw_text_walk(raw, encode_piece, &e, &inner);
    sl_free(raw->allocator, e.tokens, e.room, sizeof *e.tokens);
    if (!st) {
        *out = e.text;
        return SLUICE_OK;
    }
    sluice_text_destroy(e.text);
    return in_file(name, st, &inner, why);
}

sluice_status sluice_text_open(const char *name,
                               const sluice_tokenizer *tokenizer,
                               const sluice_allocator *allocator,
                               sluice_text **out, sluice_diag *why)
{
    struct sl_raw_text raw;
    sluice_status st = sl_raw_text_open(&raw, name, allocator, why);
    if (st)
        return st;
    st = encode_all(&raw, name, tokenizer, out, why);
    sl_raw_text_close(&raw);
    return st;
}

static sluice_status add_piece(void *context, const char *bytes, size_t n,
                               uint64_t at, bool is_last, size_t *used,
                               sluice_diag *why)
{
    return sl_alphabet_add_text(context, bytes, n, at, is_last, used, why);
}

sluice_status sluice_tokenizer_characters(const char *name,
                                          const sluice_allocator *allocator,
                                          sluice_tokenizer **out,
                                          sluice_diag *why)
{
    struct sl_raw_text raw;
    sluice_diag inner = {.text = ""};
    sluice_status st = sl_raw_text_open(&raw, name, allocator, why);
    if (st)
        return st;
    struct sl_alphabet *alphabet = sl_alloc(allocator, 1, sizeof *alphabet);
    st = alphabet ? sl_raw_text_walk(&raw, add_piece, alphabet, &inner)
                  : sl_no_memory(&inner, "a tokenizer's vocabulary");
    if (!st)
        st = sl_characters_create(alphabet, allocator, out, &inner);
    sl_free(allocator, alphabet, 1, sizeof *alphabet);
    sl_raw_text_close(&raw);
    return st ? in_file(name, st, &inner, why) : SLUICE_OK;
}

void sluice_text_destroy(sluice_text *text)
{
    if (!text)
        return;
    sl_free(text->allocator, text->data, text->capacity, text->width);
    sl_free(text->allocator, text, 1, sizeof *text);
}

int64_t sluice_text_length(const sluice_text *text)
{
    return (int64_t)text->n;
}

int32_t sluice_text_vocabulary(const sluice_text *text)
{
    return text->vocabulary;
}

int32_t sluice_text_token(const sluice_text *text, int64_t i)
{
    int32_t token;
    sl_text_copy(text, (size_t)i, 1, &token);
    return token;
}
