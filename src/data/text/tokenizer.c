/* The table of tokenizers.  Any thread; no state. */
#include "data/text/tokenizer.h"

#include <string.h>

#include "base/text/text_out.h"

#define ADDRESS(row) &row,
static const struct sl_tokenizer_ops *const kinds[] = {SL_TOKENIZERS(ADDRESS)};

enum { N_KINDS = sizeof kinds / sizeof *kinds };

static sluice_status unknown(const char *name, sluice_diag *why)
{
    char list[96] = "";
    struct sl_text_out out = {list, sizeof list, 0};
    for (int i = 0; i < N_KINDS; i++) {
        sl_text_add(&out, i ? ", " : "");
        sl_text_add(&out, kinds[i]->name);
    }
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "no tokenizer is called '%.60s'; there are %s", name,
                           list);
}

sluice_status sluice_tokenizer_parse(const char *name,
                                     const sluice_allocator *allocator,
                                     sluice_tokenizer **out, sluice_diag *why)
{
    size_t n = strcspn(name, ":");
    for (int i = 0; i < N_KINDS; i++)
        if (strlen(kinds[i]->name) == n && !memcmp(name, kinds[i]->name, n))
            return kinds[i]->parse(name[n] ? name + n + 1 : NULL, allocator,
                                   out, why);
    return unknown(name, why);
}

void sluice_tokenizer_destroy(sluice_tokenizer *tokenizer)
{
    if (tokenizer)
        tokenizer->ops->destroy(tokenizer);
}

int32_t sluice_tokenizer_vocabulary(const sluice_tokenizer *tokenizer)
{
    return tokenizer->vocabulary;
}

size_t sluice_tokenizer_print(const sluice_tokenizer *tokenizer, char *text,
                              size_t size)
{
    return tokenizer->ops->print(tokenizer, text, size);
}

sluice_status sluice_tokenizer_encode(const sluice_tokenizer *tokenizer,
                                      const char *text, size_t n,
                                      int32_t *tokens, size_t *n_tokens,
                                      sluice_diag *why)
{
    const struct sl_piece piece = {
        .text = text,
        .n = n,
        .is_last = true,
        .tokens = tokens,
    };
    size_t used, made;
    sluice_status st =
        tokenizer->ops->encode(tokenizer, &piece, &made, &used, why);
    if (!st)
        *n_tokens = made;
    return st;
}

const char *sluice_tokenizer_decode(const sluice_tokenizer *tokenizer,
                                    int32_t token, size_t *n)
{
    *n = 0;
    if (token < 0 || token >= tokenizer->vocabulary)
        return NULL;
    return tokenizer->ops->decode(tokenizer, token, n);
}
