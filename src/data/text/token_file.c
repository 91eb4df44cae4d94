/* Files of tokens.  One thread for each. */
#include "data/text/text.h"

#include <string.h>

#include "base/memory.h"

enum {
    HEADER = 256, /* numbers of 32 bits */
    HEADER_BYTES = 4 * HEADER,
    PIECE = 1024, /* tokens read at a time */
    LEAST = 2,    /* tokens: one to see, one to tell */
};

/* The files of llm.c. */
static const struct format {
    uint32_t magic;
    uint32_t version;
    size_t width; /* bytes of a token */
} formats[] = {
    {20240520, 1, 2},
    {20240801, 7, 4},
};

/* What a file holds. */
struct content {
    size_t width;
    uint64_t n;
    uint64_t start; /* byte of the first token */
};

static uint32_t number_at(const unsigned char *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static const struct format *find(uint32_t magic)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].magic == magic)
            return &formats[i];
    return NULL;
}

static sluice_status check_header(struct sl_source *source,
                                  const struct format *format,
                                  const unsigned char *head,
                                  struct content *out, sluice_diag *why)
{
    uint64_t size = sl_source_size(source);
    uint32_t version = number_at(head + 4), n = number_at(head + 8);
    if (version != format->version)
        return sl_source_bad(source, 4, why,
                             "version %u of llm.c's token files with the magic "
                             "number %u: %u is read",
                             version, format->magic, format->version);
    if (size < HEADER_BYTES || (size - HEADER_BYTES) / format->width != n ||
        (size - HEADER_BYTES) % format->width)
        return sl_source_bad(source, 8, why,
                             "the header says %u tokens of %zu bytes, but the "
                             "file has %llu bytes, the first %d for the header",
                             n, format->width, (unsigned long long)size,
                             HEADER_BYTES);
    *out = (struct content){format->width, n, HEADER_BYTES};
    return SLUICE_OK;
}

static sluice_status read_head(struct sl_source *source, struct content *out,
                               sluice_diag *why)
{
    unsigned char head[12] = {0};
    size_t got;
    uint64_t size = sl_source_size(source);
    sluice_status st = sl_source_some(source, head, sizeof head, &got, why);
    if (st)
        return st;
    const struct format *format = got >= 4 ? find(number_at(head)) : NULL;
    if (format)
        return check_header(source, format, head, out, why);
    if (size % 2)
        return sl_source_bad(source, 0, why,
                             "no header of llm.c, and no 16-bit numbers: %llu "
                             "bytes; a text of characters is not named .bin",
                             (unsigned long long)size);
    *out = (struct content){2, size / 2, 0};
    return SLUICE_OK;
}

/* Tokens of 32 bits are below 2^31 - 1, so that the vocabulary is a number. */
static bool decode(const unsigned char *bytes, size_t n, size_t width,
                   int32_t *tokens, size_t *bad)
{
    for (size_t i = 0; i < n; i++) {
        const unsigned char *at = bytes + i * width;
        uint32_t token =
            width == 2 ? at[0] | (uint32_t)at[1] << 8 : number_at(at);
        *bad = i;
        if (token >= INT32_MAX)
            return false;
        tokens[i] = (int32_t)token;
    }
    return true;
}

static sluice_status read_tokens(struct sl_source *source,
                                 struct content content, sluice_text *text,
                                 sluice_diag *why)
{
    unsigned char bytes[4 * PIECE];
    int32_t tokens[PIECE];
    while (text->n < content.n) {
        uint64_t left = content.n - text->n;
        size_t bad, n = left < PIECE ? (size_t)left : PIECE;
        sluice_status st =
            sl_source_read(source, bytes, n * content.width, "the tokens", why);
        if (st)
            return st;
        if (!decode(bytes, n, content.width, tokens, &bad))
            return sl_source_bad(
                source, content.start + (text->n + bad) * content.width, why,
                "token %llu is beyond 2147483646",
                (unsigned long long)(text->n + bad));
        sl_text_append(text, tokens, n);
    }
    return sl_source_end(source, "the tokens", why);
}

sluice_status sl_token_file_parse(struct sl_source *source,
                                  const sluice_allocator *allocator,
                                  sluice_text **out, sluice_diag *why)
{
    struct content content;
    sluice_text *text;
    sluice_status st = read_head(source, &content, why);
    if (st)
        return st;
    if (content.n < LEAST)
        return sl_source_bad(source, 0, why, "%llu tokens are no text",
                             (unsigned long long)content.n);
    st = sl_source_seek(source, content.start, why);
    if (!st)
        st = sl_source_expect(source, content.n * content.width, "the tokens",
                              why);
    if (st)
        return st;
    st = sl_text_create(content.width == 2 ? 1 << 16 : INT32_MAX,
                        (size_t)content.n, allocator, &text, why);
    if (st)
        return st;
    st = read_tokens(source, content, text, why);
    if (st)
        sluice_text_destroy(text);
    else
        *out = text;
    return st;
}

static sluice_status check_array(const char *path, const sluice_array *array,
                                 sluice_diag *why)
{
    const int32_t *integers = array->data;
    int64_t n = array->shape.dims[0];
    if (array->type == SLUICE_F32 || array->shape.n_dims != 1 || n < LEAST)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "%.100s: tokens are a vector of at least %d "
                               "integers, not %s of %d dims",
                               path, LEAST, sluice_element_name(array->type),
                               array->shape.n_dims);
    for (int64_t i = 0; i < n && array->type == SLUICE_I32; i++)
        if (integers[i] < 0 || integers[i] == INT32_MAX)
            return sluice_diag_set(why, SLUICE_FORMAT,
                                   "%.100s: number %lld is %d; tokens are from "
                                   "0 to 2147483646",
                                   path, (long long)i, integers[i]);
    return SLUICE_OK;
}

/* The text takes the array's memory, if OK. */
static sluice_status of_array(const char *path, sluice_array *array,
                              sluice_text **out, sluice_diag *why)
{
    sluice_status st = check_array(path, array, why);
    if (st)
        return st;
    sluice_text *text = sl_alloc(array->allocator, 1, sizeof *text);
    if (!text)
        return sl_no_memory(why, "a text");
    *text = (sluice_text){
        .allocator = array->allocator,
        .data = array->data,
        .width = sluice_element_bytes(array->type),
        .capacity = (size_t)array->shape.dims[0],
        .n = (size_t)array->shape.dims[0],
    };
    for (size_t i = 0; i < text->n; i++) {
        int32_t token;
        sl_text_copy(text, i, 1, &token);
        if (token >= text->vocabulary)
            text->vocabulary = token + 1;
    }
    *array = (sluice_array){0};
    *out = text;
    return SLUICE_OK;
}

static bool ends_with(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n >= m && !strcmp(path + n - m, ending);
}

sluice_status sluice_text_read_tokens(const char *path,
                                      const sluice_allocator *allocator,
                                      sluice_text **out, sluice_diag *why)
{
    if (ends_with(path, ".npy")) {
        sluice_array array;
        sluice_status st = sluice_npy_read(path, allocator, &array, why);
        if (st)
            return st;
        st = of_array(path, &array, out, why);
        sluice_array_fini(&array);
        return st;
    }
    struct sl_source *source;
    sluice_status st = sl_source_open(path, SL_PLAIN, allocator, &source, why);
    if (st)
        return st;
    st = sl_token_file_parse(source, allocator, out, why);
    sl_source_close(source);
    return st;
}
