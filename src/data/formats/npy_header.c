/* The header of a .npy file: a small part of Python's grammar.  Any thread. */
#include "data/formats/npy_header.h"

#include <stdbool.h>
#include <string.h>

static const struct sl_encoding encodings[] = {
    {"<f4", 4, SLUICE_F32, sl_decode_f32_le},
    {"<f8", 8, SLUICE_F32, sl_decode_f64_le},
    {"<i4", 4, SLUICE_I32, sl_decode_i32_le},
    {"<i8", 8, SLUICE_I32, sl_decode_i64_le},
    {"|u1", 1, SLUICE_U8, sl_decode_u8},
};

struct text {
    const char *at;
    const char *end;
    const struct sl_source *source; /* for sentences, as are those below */
    uint64_t start;
    const char *first;
    sluice_diag *why;
};

struct word {
    const char *at;
    size_t n;
};

static sluice_status bad(const struct text *text, const char *what)
{
    return sl_source_bad(text->source,
                         text->start + (uint64_t)(text->at - text->first),
                         text->why, "%s", what);
}

static void skip_blanks(struct text *text)
{
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\n'))
        text->at++;
}

/* Take the character `c` if it comes next. */
static bool accept(struct text *text, char c)
{
    skip_blanks(text);
    if (text->at == text->end || *text->at != c)
        return false;
    text->at++;
    return true;
}

static bool is_word(struct word word, const char *is)
{
    return word.n == strlen(is) && !memcmp(word.at, is, word.n);
}

/* A string in quotes of either kind, without escapes. */
static bool take_string(struct text *text, struct word *out)
{
    skip_blanks(text);
    if (text->at == text->end || (*text->at != '\'' && *text->at != '"'))
        return false;
    const char *begin = text->at + 1;
    const char *end = begin;
    while (end < text->end && *end != *text->at && *end != '\\')
        end++;
    if (end == text->end || *end == '\\')
        return false;
    *out = (struct word){begin, (size_t)(end - begin)};
    text->at = end + 1;
    return true;
}

static struct word take_name(struct text *text)
{
    skip_blanks(text);
    const char *begin = text->at;
    while (text->at < text->end && ((*text->at >= 'a' && *text->at <= 'z') ||
                                    (*text->at >= 'A' && *text->at <= 'Z')))
        text->at++;
    return (struct word){begin, (size_t)(text->at - begin)};
}

/* Digits, which accept() has made the next.  No locale comes near them. */
static bool take_integer(struct text *text, int64_t *out)
{
    const char *begin = text->at;
    int64_t value = 0;
    for (; text->at < text->end && *text->at >= '0' && *text->at <= '9';
         text->at++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *text->at - '0', &value))
            return false;
    *out = value;
    return text->at > begin;
}

static sluice_status parse_descr(struct text *text, struct sl_npy_header *out)
{
    struct word name;
    struct text start = *text;
    if (!take_string(text, &name))
        return bad(text, "'descr' is not a string: records are not read");
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
        if (is_word(name, encodings[i].name)) {
            out->encoding = &encodings[i];
            return SLUICE_OK;
        }
    return bad(&start, "the type is none of <f4, <f8, <i4, <i8, |u1; convert "
                       "by astype()");
}

static sluice_status parse_order(struct text *text, struct sl_npy_header *out)
{
    (void)out;
    struct word name = take_name(text);
    if (is_word(name, "False"))
        return SLUICE_OK;
    return bad(text, is_word(name, "True")
                         ? "the array is in Fortran order; save "
                           "numpy.ascontiguousarray() of it"
                         : "'fortran_order' is neither True nor False");
}

static sluice_status parse_shape(struct text *text, struct sl_npy_header *out)
{
    sluice_shape shape = {0};
    bool comma = true;
    if (!accept(text, '('))
        return bad(text, "'shape' is not a tuple");
    while (!accept(text, ')')) {
        if (!comma)
            return bad(text, "a comma or ) is missing in 'shape'");
        if (shape.n_dims == SLUICE_MAX_DIMS)
            return bad(text, "'shape' has more than 8 dims");
        if (!take_integer(text, &shape.dims[shape.n_dims]))
            return bad(text, "a dim is not a number, or too large");
        shape.n_dims++;
        comma = accept(text, ',');
    }
    if (shape.n_dims == 1 && !comma)
        return bad(text, "'shape' is not a tuple: (n) should be (n,)");
    if (shape.n_dims == 0)
        return bad(text, "a scalar has no rows; save an array of one element");
    out->shape = shape;
    return SLUICE_OK;
}

static const struct {
    const char *key;
    sluice_status (*parse)(struct text *text, struct sl_npy_header *out);
} entries[] = {
    {"descr", parse_descr},
    {"fortran_order", parse_order},
    {"shape", parse_shape},
};

enum { N_ENTRIES = sizeof entries / sizeof *entries };

static sluice_status parse_entry(struct text *text, unsigned *seen,
                                 struct sl_npy_header *out)
{
    struct word key;
    struct text start = *text;
    if (!take_string(text, &key))
        return bad(text, "the name of an entry should be here, in quotes");
    for (int i = 0; i < N_ENTRIES; i++) {
        if (!is_word(key, entries[i].key))
            continue;
        if (*seen & 1u << i)
            return bad(&start, "this entry comes twice");
        *seen |= 1u << i;
        if (!accept(text, ':'))
            return bad(text, "a colon should be here");
        return entries[i].parse(text, out);
    }
    return bad(&start, "this entry is not of the .npy format");
}

sluice_status sl_npy_header_parse(const struct sl_source *source,
                                  uint64_t start, const char *first, size_t n,
                                  struct sl_npy_header *out, sluice_diag *why)
{
    struct text text = {first, first + n, source, start, first, why};
    struct sl_npy_header header = {0};
    unsigned seen = 0;
    bool comma = true;
    if (!accept(&text, '{'))
        return bad(&text, "the header is not a Python dictionary");
    while (!accept(&text, '}')) {
        if (!comma)
            return bad(&text, "a comma or } is missing");
        sluice_status st = parse_entry(&text, &seen, &header);
        if (st)
            return st;
        comma = accept(&text, ',');
    }
    if (seen != (1u << N_ENTRIES) - 1)
        return bad(&text, "'descr', 'fortran_order' or 'shape' is missing");
    skip_blanks(&text);
    if (text.at != text.end)
        return bad(&text, "there is more after the header's dictionary");
    *out = header;
    return SLUICE_OK;
}
