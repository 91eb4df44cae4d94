/*
 * Characters of a vocabulary as tokens.  Any thread; const.
 *
 * In the name the vocabulary stands as ranges of code points in rising order,
 * "characters:10,32-126", so that any set of characters is plain ASCII.
 */
#include "data/text/alphabet.h"
#include "data/text/tokenizer.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text/text_out.h"

struct characters {
    struct sluice_tokenizer base;
    int32_t of_ascii[128]; /* -1: not in the vocabulary */
    uint32_t *codes;       /* codes[vocabulary], rising */
    char (*utf8)[SL_CODE_POINT_BYTES];
    unsigned char *utf8_bytes;
};

static const struct characters *of(const sluice_tokenizer *tokenizer)
{
    return (const struct characters *)tokenizer;
}

static void destroy(sluice_tokenizer *tokenizer)
{
    struct characters *c = (struct characters *)tokenizer;
    size_t n = (size_t)tokenizer->vocabulary;
    sl_free(tokenizer->allocator, c->utf8_bytes, n, 1);
    sl_free(tokenizer->allocator, c->utf8, n, SL_CODE_POINT_BYTES);
    sl_free(tokenizer->allocator, c->codes, n, sizeof *c->codes);
    sl_free(tokenizer->allocator, c, 1, sizeof *c);
}

static void fill(struct characters *c, const struct sl_alphabet *alphabet)
{
    int32_t n = 0;
    memset(c->of_ascii, -1, sizeof c->of_ascii);
    for (uint32_t code = 0; code < SL_CODE_POINTS; code++) {
        if (!(alphabet->has[code / 64] >> (code % 64) & 1))
            continue;
        if (code < 128)
            c->of_ascii[code] = n;
        c->codes[n] = code;
        c->utf8_bytes[n] = (unsigned char)sl_code_point_write(code, c->utf8[n]);
        n++;
    }
}

sluice_status sl_characters_create(const struct sl_alphabet *alphabet,
                                   const sluice_allocator *allocator,
                                   sluice_tokenizer **out, sluice_diag *why)
{
    size_t n = (size_t)alphabet->n;
    struct characters *c = sl_alloc(allocator, 1, sizeof *c);
    if (!c)
        return sl_no_memory(why, "a tokenizer");
    c->base = (struct sluice_tokenizer){
        .ops = &sl_tokenizer_characters,
        .allocator = allocator,
        .vocabulary = alphabet->n,
    };
    c->codes = sl_alloc(allocator, n, sizeof *c->codes);
    c->utf8 = sl_alloc(allocator, n, SL_CODE_POINT_BYTES);
    c->utf8_bytes = sl_alloc(allocator, n, 1);
    if (!c->codes || !c->utf8 || !c->utf8_bytes) {
        destroy(&c->base);
        return sl_no_memory(why, "a tokenizer's vocabulary");
    }
    fill(c, alphabet);
    *out = &c->base;
    return SLUICE_OK;
}

/* A number of a range; no locale, no sign, no blanks. */
static bool take_code(const char **at, uint32_t *code)
{
    uint32_t value = 0;
    const char *first = *at;
    while (**at >= '0' && **at <= '9' && value < SL_CODE_POINTS)
        value = 10 * value + (uint32_t)(*(*at)++ - '0');
    *code = value;
    return *at > first && value < SL_CODE_POINTS;
}

/* Ranges in rising order without surrogates, as print() writes them. */
static bool take_ranges(const char *at, struct sl_alphabet *alphabet)
{
    uint32_t least = 0;
    for (bool more = true; more; more = *at == ',' && at++) {
        uint32_t first, last;
        if (!take_code(&at, &first))
            return false;
        last = first;
        if (*at == '-' && (at++, !take_code(&at, &last)))
            return false;
        if (first < least || last < first || (last >= 0xD800 && first < 0xE000))
            return false;
        for (uint32_t code = first; code <= last; code++)
            sl_alphabet_add(alphabet, code);
        least = last + 1;
    }
    return !*at;
}

static sluice_status parse(const char *rest, const sluice_allocator *allocator,
                           sluice_tokenizer **out, sluice_diag *why)
{
    struct sl_alphabet *alphabet = sl_alloc(allocator, 1, sizeof *alphabet);
    if (!alphabet)
        return sl_no_memory(why, "a tokenizer's vocabulary");
    sluice_status st = SLUICE_OK;
    if (!rest || !take_ranges(rest, alphabet))
        st = sluice_diag_set(why, SLUICE_INVALID,
                             "tokenizer characters:%.60s: the name goes on "
                             "with the code points of its vocabulary, in "
                             "rising order, such as characters:10,32-126",
                             rest ? rest : "");
    else
        st = sl_characters_create(alphabet, allocator, out, why);
    sl_free(allocator, alphabet, 1, sizeof *alphabet);
    return st;
}

/* -1 if it is not in the vocabulary. */
static int32_t find(const struct characters *c, uint32_t code)
{
    if (code < 128)
        return c->of_ascii[code];
    int32_t first = 0, end = c->base.vocabulary;
    while (first < end) {
        int32_t middle = first + (end - first) / 2;
        if (c->codes[middle] == code)
            return middle;
        if (c->codes[middle] < code)
            first = middle + 1;
        else
            end = middle;
    }
    return -1;
}

static sluice_status refuse(const struct sl_piece *piece, size_t i, int bytes,
                            uint32_t code, sluice_diag *why)
{
    unsigned long long at = (unsigned long long)(piece->at + i);
    if (bytes <= 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "byte %llu, 0x%02x, is not UTF-8; choose the "
                               "tokenizer bytes, or convert the text",
                               at, (unsigned char)piece->text[i]);
    return sluice_diag_set(why, SLUICE_INVALID,
                           "byte %llu: the character U+%04X is not in the "
                           "vocabulary",
                           at, (unsigned)code);
}

static sluice_status encode(const sluice_tokenizer *tokenizer,
                            const struct sl_piece *piece, size_t *n_tokens,
                            size_t *n_used, sluice_diag *why)
{
    size_t i = 0, n = 0;
    while (i < piece->n) {
        uint32_t code = 0;
        int bytes = sl_code_point_read(piece->text + i, piece->n - i, &code);
        if (bytes == SL_CODE_POINT_PART && !piece->is_last)
            break;
        int32_t token = bytes > 0 ? find(of(tokenizer), code) : -1;
        if (token < 0)
            return refuse(piece, i, bytes, code, why);
        piece->tokens[n++] = token;
        i += (size_t)bytes;
    }
    *n_tokens = n;
    *n_used = i;
    return SLUICE_OK;
}

static const char *decode(const sluice_tokenizer *tokenizer, int32_t token,
                          size_t *n)
{
    *n = of(tokenizer)->utf8_bytes[token];
    return of(tokenizer)->utf8[token];
}

static size_t print(const sluice_tokenizer *tokenizer, char *text, size_t size)
{
    const uint32_t *codes = of(tokenizer)->codes;
    struct sl_text_out out = {text, size, 0};
    char range[32];
    sl_text_add(&out, tokenizer->ops->name);
    for (int32_t i = 0, last; i < tokenizer->vocabulary; i = last + 1) {
        last = i;
        while (last + 1 < tokenizer->vocabulary &&
               codes[last + 1] == codes[last] + 1)
            last++;
        if (last == i)
            snprintf(range, sizeof range, "%s%u", i ? "," : ":", codes[i]);
        else
            snprintf(range, sizeof range, "%s%u-%u", i ? "," : ":", codes[i],
                     codes[last]);
        sl_text_add(&out, range);
    }
    return out.length;
}

const struct sl_tokenizer_ops sl_tokenizer_characters = {
    .name = "characters",
    .parse = parse,
    .encode = encode,
    .decode = decode,
    .print = print,
    .destroy = destroy,
};
