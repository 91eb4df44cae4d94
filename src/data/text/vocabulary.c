/* The tokens of a byte-pair encoding.  One thread while it is read. */
#include "data/text/vocabulary.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/text/code_point.h"

enum {
    MOST_FILE = 1 << 28,
    MOST_TOKENS = 1 << 24,
    MOST_LENGTH = UINT16_MAX,
};

/* What is being read: the file, and the place in it. */
struct reader {
    struct sl_source *source; /* for sentences, as is the next */
    sluice_diag *why;
    char *text;
    size_t n;
    size_t at;
};

static bool is_itself(uint32_t code)
{
    return (code >= 0x21 && code <= 0x7E) || (code >= 0xA1 && code <= 0xAC) ||
           (code >= 0xAE && code <= 0xFF);
}

int sl_byte_of_character(uint32_t code)
{
    if (code < 0x100)
        return is_itself(code) ? (int)code : -1;
    uint32_t number = code - 0x100; /* among the bytes that are not printable */
    for (uint32_t byte = 0; byte < 0x100; byte++)
        if (!is_itself(byte) && number-- == 0)
            return (int)byte;
    return -1;
}

static sluice_status bad(const struct reader *r, size_t at, const char *what)
{
    return sl_source_bad(r->source, at, r->why, "%s", what);
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->n && (r->text[r->at] == ' ' || r->text[r->at] == '\n' ||
                            r->text[r->at] == '\r' || r->text[r->at] == '\t'))
        r->at++;
}

/* Take the character `c` if it comes next. */
static bool accept(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->at == r->n || r->text[r->at] != c)
        return false;
    r->at++;
    return true;
}

static bool take_hex(struct reader *r, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        char c = r->at < r->n ? r->text[r->at] : '\0';
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return false;
        *code = *code << 4 | (uint32_t)digit;
    }
    return true;
}

/* A character of a string.  Those that are bytes need no other escapes. */
static bool take_character(struct reader *r, uint32_t *code)
{
    if (r->text[r->at] == '\\') {
        char c = ++r->at < r->n ? r->text[r->at++] : '\0';
        *code = (unsigned char)c;
        return c == 'u' ? take_hex(r, code) : c == '"' || c == '\\' || c == '/';
    }
    int bytes = sl_code_point_read(r->text + r->at, r->n - r->at, code);
    if (bytes <= 0)
        return false;
    r->at += (size_t)bytes;
    return true;
}

/* A string becomes its bytes, in the place where it stands: they are fewer. */
static sluice_status take_token(struct reader *r, uint32_t *start,
                                uint16_t *length)
{
    size_t n = 0;
    if (!accept(r, '"'))
        return bad(r, r->at, "a token in quotes is expected");
    size_t first = r->at;
    while (r->at < r->n && r->text[r->at] != '"') {
        size_t at = r->at;
        uint32_t code;
        int byte = take_character(r, &code) ? sl_byte_of_character(code) : -1;
        if (byte < 0)
            return bad(r, at, "a character that stands for no byte");
        r->text[first + n++] = (char)byte;
    }
    if (!accept(r, '"') || n == 0 || n > MOST_LENGTH)
        return bad(r, first,
                   "a token has 1 to 65535 bytes, and ends with a "
                   "quote");
    *start = (uint32_t)first;
    *length = (uint16_t)n;
    return SLUICE_OK;
}

static sluice_status take_number(struct reader *r, uint32_t *number)
{
    skip_blanks(r);
    size_t first = r->at;
    *number = 0;
    while (r->at < r->n && r->text[r->at] >= '0' && r->text[r->at] <= '9' &&
           *number < MOST_TOKENS)
        *number = 10 * *number + (uint32_t)(r->text[r->at++] - '0');
    bool zeros = r->at > first + 1 && r->text[first] == '0';
    if (r->at == first || zeros || *number >= MOST_TOKENS)
        return bad(r, first, "the number of a token is expected");
    return SLUICE_OK;
}

/* The number of tokens is that of the colons outside strings. */
static size_t count_tokens(const struct reader *r)
{
    size_t n = 0;
    bool inside = false;
    for (size_t i = 0; i < r->n; i++) {
        if (r->text[i] == '"')
            inside = !inside;
        else if (inside && r->text[i] == '\\')
            i++;
        else if (!inside && r->text[i] == ':')
            n++;
    }
    return n;
}

/* The bytes of the shortest text of n tokens, whose numbers are 0 to n - 1. */
static size_t least_bytes(size_t n)
{
    enum { TOKEN = sizeof "\"a\":0," - 1 };
    size_t bytes = n * TOKEN;
    for (size_t power = 10; power < n; power *= 10)
        bytes += n - power;
    return bytes;
}

static uint64_t hash(const char *bytes, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 29;
}

/* Where the token of these bytes is in the table, or would be. */
static size_t place_of(const struct sl_vocabulary *v, const char *bytes,
                       size_t n)
{
    size_t at = (size_t)((hash(bytes, n) & UINT32_MAX) * v->table_size >> 32);
    while (v->table[at] >= 0) {
        int32_t token = v->table[at];
        if (v->lengths[token] == n &&
            !memcmp(v->file + v->starts[token], bytes, n))
            break;
        at = at + 1 < v->table_size ? at + 1 : 0;
    }
    return at;
}

int32_t sl_vocabulary_find(const struct sl_vocabulary *vocabulary,
                           const char *bytes, size_t n)
{
    return vocabulary->table[place_of(vocabulary, bytes, n)];
}

static sluice_status take_entry(struct reader *r, struct sl_vocabulary *v)
{
    size_t at = r->at;
    uint32_t start = 0, number = 0;
    uint16_t length = 0;
    sluice_status st = take_token(r, &start, &length);
    if (st)
        return st;
    if (!accept(r, ':'))
        return bad(r, r->at, "a colon is expected behind a token");
    st = take_number(r, &number);
    if (st)
        return st;
    if (number >= (uint32_t)v->n || v->lengths[number])
        return bad(r, at,
                   "a token whose number another one has, or which is "
                   "not below the number of tokens");
    size_t place = place_of(v, v->file + start, length);
    if (v->table[place] >= 0)
        return bad(r, at, "a token that is there twice");
    v->starts[number] = start;
    v->lengths[number] = length;
    v->table[place] = (int32_t)number;
    return SLUICE_OK;
}

static sluice_status take_all(struct reader *r, struct sl_vocabulary *v)
{
    if (!accept(r, '{'))
        return bad(r, r->at, "not a vocabulary: it begins with {");
    for (int32_t i = 0; i < v->n; i++) {
        sluice_status st = take_entry(r, v);
        if (st)
            return st;
        if (i + 1 < v->n && !accept(r, ','))
            return bad(r, r->at, "a comma is expected behind a token");
    }
    if (!accept(r, '}'))
        return bad(r, r->at, "} is expected behind the last token");
    while (r->at < r->n && (r->text[r->at] == '\n' || r->text[r->at] == '\r'))
        r->at++;
    return r->at == r->n ? SLUICE_OK
                         : bad(r, r->at, "there is more behind the tokens");
}

static sluice_status make_room(struct sl_vocabulary *v, size_t n,
                               sluice_diag *why)
{
    v->n = (int32_t)n;
    v->table_size = n + n / 4 + 1;
    v->starts = sl_alloc(v->allocator, n, sizeof *v->starts);
    v->lengths = sl_alloc(v->allocator, n, sizeof *v->lengths);
    v->table = sl_alloc(v->allocator, v->table_size, sizeof *v->table);
    if (!v->starts || !v->lengths || !v->table)
        return sl_no_memory(why, "a vocabulary");
    memset(v->table, -1, v->table_size * sizeof *v->table);
    return SLUICE_OK;
}

static sluice_status read_file(struct sl_source *source,
                               struct sl_vocabulary *v, sluice_diag *why)
{
    uint64_t n = sl_source_size(source);
    if (n == 0 || n > MOST_FILE)
        return sl_source_bad(source, 0, why,
                             "a vocabulary has 1 byte to 256 MiB, not %llu",
                             (unsigned long long)n);
    v->file = sl_alloc(v->allocator, (size_t)n, 1);
    if (!v->file)
        return sl_no_memory(why, "a vocabulary");
    v->file_bytes = (size_t)n;
    return sl_source_read(source, v->file, (size_t)n, "the vocabulary", why);
}

sluice_status sl_vocabulary_parse(struct sl_source *source,
                                  const sluice_allocator *allocator,
                                  struct sl_vocabulary *out, sluice_diag *why)
{
    struct sl_vocabulary v = {.allocator = allocator};
    sluice_status st = read_file(source, &v, why);
    struct reader r = {source, why, v.file, v.file_bytes, 0};
    if (!st) {
        size_t n = count_tokens(&r);
        bool fits = n > 0 && n <= MOST_TOKENS && least_bytes(n) <= r.n;
        st = fits ? make_room(&v, n, why)
                  : bad(&r, 0, "no vocabulary: it has no tokens, or too many");
    }
    if (!st)
        st = take_all(&r, &v);
    if (st)
        sl_vocabulary_fini(&v);
    else
        *out = v;
    return st;
}

void sl_vocabulary_fini(struct sl_vocabulary *v)
{
    size_t n = (size_t)v->n;
    sl_free(v->allocator, v->table, v->table_size, sizeof *v->table);
    sl_free(v->allocator, v->lengths, n, sizeof *v->lengths);
    sl_free(v->allocator, v->starts, n, sizeof *v->starts);
    sl_free(v->allocator, v->file, v->file_bytes, 1);
    *v = (struct sl_vocabulary){0};
}
