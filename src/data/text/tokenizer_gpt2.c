/*
 * GPT-2's byte-pair encoding.  Any thread; const.
 *
 * A piece of the text (pre_token.h) begins as the tokens of its bytes; of all
 * neighbours that merges.txt has, those with the lowest rank are joined, the
 * first of them first, until none is left.
 */
#include "data/text/merges.h"
#include "data/text/pre_token.h"
#include "data/text/tokenizer.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

enum { PATH_BYTES = 4096 };

struct gpt2 {
    struct sluice_tokenizer base;
    char directory[PATH_BYTES];
    struct sl_vocabulary vocabulary;
    struct sl_merges merges;
    int32_t of_byte[256];
};

static const struct gpt2 *of(const sluice_tokenizer *tokenizer)
{
    return (const struct gpt2 *)tokenizer;
}

static void destroy(sluice_tokenizer *tokenizer)
{
    struct gpt2 *t = (struct gpt2 *)tokenizer;
    sl_merges_fini(&t->merges);
    sl_vocabulary_fini(&t->vocabulary);
    sl_free(tokenizer->allocator, t, 1, sizeof *t);
}

static sluice_status find_bytes(struct gpt2 *t, sluice_diag *why)
{
    for (int i = 0; i < 256; i++) {
        char byte = (char)i;
        t->of_byte[i] = sl_vocabulary_find(&t->vocabulary, &byte, 1);
        if (t->of_byte[i] < 0)
            return sluice_diag_set(why, SLUICE_FORMAT,
                                   "the vocabulary of %.100s has no token for "
                                   "byte 0x%02x",
                                   t->directory, i);
    }
    return SLUICE_OK;
}

/* A file of the directory, by its usual name or OpenAI's. */
static sluice_status open_file(const struct gpt2 *t, const char *usual,
                               const char *openai, struct sl_source **out,
                               sluice_diag *why)
{
    char path[PATH_BYTES + 16];
    snprintf(path, sizeof path, "%s/%s", t->directory, usual);
    if (access(path, F_OK) != 0)
        snprintf(path, sizeof path, "%s/%s", t->directory, openai);
    if (access(path, F_OK) != 0)
        return sluice_diag_set(why, SLUICE_NOT_FOUND,
                               "directory '%.120s' has no file %s or %s",
                               t->directory, usual, openai);
    return sl_source_open(path, SL_PLAIN, t->base.allocator, out, why);
}

static sluice_status read_files(struct gpt2 *t, sluice_diag *why)
{
    struct sl_source *source;
    const sluice_allocator *allocator = t->base.allocator;
    sluice_status st = open_file(t, "vocab.json", "encoder.json", &source, why);
    if (st)
        return st;
    st = sl_vocabulary_parse(source, allocator, &t->vocabulary, why);
    sl_source_close(source);
    if (!st)
        st = find_bytes(t, why);
    if (!st)
        st = open_file(t, "merges.txt", "vocab.bpe", &source, why);
    if (st)
        return st;
    st = sl_merges_parse(source, &t->vocabulary, allocator, &t->merges, why);
    sl_source_close(source);
    return st;
}

static sluice_status parse(const char *rest, const sluice_allocator *allocator,
                           sluice_tokenizer **out, sluice_diag *why)
{
    if (!rest || !*rest || strlen(rest) >= PATH_BYTES)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "tokenizer gpt2: the name goes on with the "
                               "directory of vocab.json and merges.txt, such "
                               "as gpt2:files");
    struct gpt2 *t = sl_alloc(allocator, 1, sizeof *t);
    if (!t)
        return sl_no_memory(why, "a tokenizer");
    t->base = (struct sluice_tokenizer){
        .ops = &sl_tokenizer_gpt2,
        .allocator = allocator,
    };
    memcpy(t->directory, rest, strlen(rest) + 1);
    sluice_status st = read_files(t, why);
    if (st) {
        destroy(&t->base);
        return st;
    }
    t->base.vocabulary = t->vocabulary.n;
    *out = &t->base;
    return SLUICE_OK;
}

/* The rank of two neighbours; INT_MAX if they are not joined. */
static int32_t rank_of(const struct gpt2 *t, const int32_t *tokens)
{
    const struct sl_merge *merge =
        sl_merges_find(&t->merges, tokens[0], tokens[1]);
    return merge ? merge->rank : INT_MAX;
}

/* Join tokens[n] in place.  Returns how many are left; ranks[n] is room for the
 * rank of each with its right neighbour. */
static size_t join(const struct gpt2 *t, int32_t *tokens, int32_t *ranks,
                   size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        ranks[i] = rank_of(t, tokens + i);
    while (n > 1) {
        size_t best = 0;
        for (size_t i = 1; i + 1 < n; i++)
            if (ranks[i] < ranks[best])
                best = i;
        if (ranks[best] == INT_MAX)
            break;
        tokens[best] =
            sl_merges_find(&t->merges, tokens[best], tokens[best + 1])->joined;
        n--;
        memmove(tokens + best + 1, tokens + best + 2,
                (n - best - 1) * sizeof *tokens);
        if (best + 1 < n) {
            memmove(ranks + best, ranks + best + 1,
                    (n - best - 1) * sizeof *ranks);
            ranks[best] = rank_of(t, tokens + best);
        }
        if (best > 0)
            ranks[best - 1] = rank_of(t, tokens + best - 1);
    }
    return n;
}

static size_t encode_word(const struct gpt2 *t, const char *text, size_t n,
                          int32_t *tokens, int32_t *ranks)
{
    for (size_t i = 0; i < n; i++)
        tokens[i] = t->of_byte[(unsigned char)text[i]];
    return join(t, tokens, ranks, n);
}

static sluice_status encode_words(const struct gpt2 *t,
                                  const struct sl_piece *piece, int32_t *ranks,
                                  size_t *n_tokens, size_t *n_used,
                                  sluice_diag *why)
{
    size_t i = 0, n = 0;
    while (i < piece->n) {
        const char *text = piece->text + i;
        size_t length = sl_pre_token(text, piece->n - i, piece->is_last);
        if (length == 0)
            break;
        n += encode_word(t, text, length, piece->tokens + n, ranks);
        i += length;
    }
    if (i == 0 && piece->n > 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "byte %llu: %zu bytes follow without an end of "
                               "a word; a word can have that many",
                               (unsigned long long)piece->at, piece->n);
    *n_tokens = n;
    *n_used = i;
    return SLUICE_OK;
}

static sluice_status encode(const sluice_tokenizer *tokenizer,
                            const struct sl_piece *piece, size_t *n_tokens,
                            size_t *n_used, sluice_diag *why)
{
    int32_t *ranks = sl_alloc(tokenizer->allocator, piece->n, sizeof *ranks);
    if (!ranks)
        return sl_no_memory(why, "a piece of a text");
    sluice_status st =
        encode_words(of(tokenizer), piece, ranks, n_tokens, n_used, why);
    sl_free(tokenizer->allocator, ranks, piece->n, sizeof *ranks);
    return st;
}

static const char *decode(const sluice_tokenizer *tokenizer, int32_t token,
                          size_t *n)
{
    const struct sl_vocabulary *v = &of(tokenizer)->vocabulary;
    *n = v->lengths[token];
    return v->file + v->starts[token];
}

static size_t print(const sluice_tokenizer *tokenizer, char *text, size_t size)
{
    return (size_t)snprintf(text, size, "%s:%s", tokenizer->ops->name,
                            of(tokenizer)->directory);
}

const struct sl_tokenizer_ops sl_tokenizer_gpt2 = {
    .name = "gpt2",
    .parse = parse,
    .encode = encode,
    .decode = decode,
    .print = print,
    .destroy = destroy,
};
