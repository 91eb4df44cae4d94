/* Bytes as tokens.  Any thread; const. */
#include "data/text/tokenizer.h"

#include <stdio.h>

#include "base/memory.h"

enum { N_BYTES = 256 };

struct bytes {
    struct sluice_tokenizer base;
    char of[N_BYTES];
};

static sluice_status parse(const char *rest, const sluice_allocator *allocator,
                           sluice_tokenizer **out, sluice_diag *why)
{
    if (rest)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "tokenizer bytes: nothing may follow the name, "
                               "but ':%.60s' does",
                               rest);
    struct bytes *bytes = sl_alloc(allocator, 1, sizeof *bytes);
    if (!bytes)
        return sl_no_memory(why, "a tokenizer");
    bytes->base = (struct sluice_tokenizer){
        .ops = &sl_tokenizer_bytes,
        .allocator = allocator,
        .vocabulary = N_BYTES,
    };
    for (int i = 0; i < N_BYTES; i++)
        bytes->of[i] = (char)i;
    *out = &bytes->base;
    return SLUICE_OK;
}

static sluice_status encode(const sluice_tokenizer *tokenizer,
                            const struct sl_piece *piece, size_t *n_tokens,
                            size_t *n_used, sluice_diag *why)
{
    (void)tokenizer, (void)why;
    for (size_t i = 0; i < piece->n; i++)
        piece->tokens[i] = (unsigned char)piece->text[i];
    *n_tokens = *n_used = piece->n;
    return SLUICE_OK;
}

static const char *decode(const sluice_tokenizer *tokenizer, int32_t token,
                          size_t *n)
{
    *n = 1;
    return ((const struct bytes *)tokenizer)->of + token;
}

static size_t print(const sluice_tokenizer *tokenizer, char *text, size_t size)
{
    return (size_t)snprintf(text, size, "%s", tokenizer->ops->name);
}

static void destroy(sluice_tokenizer *tokenizer)
{
    sl_free(tokenizer->allocator, tokenizer, 1, sizeof(struct bytes));
}

const struct sl_tokenizer_ops sl_tokenizer_bytes = {
    .name = "bytes",
    .parse = parse,
    .encode = encode,
    .decode = decode,
    .print = print,
    .destroy = destroy,
};
