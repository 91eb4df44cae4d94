/* The pairs of a byte-pair encoding.  One thread while they are read. */
#include "data/text/merges.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/text/code_point.h"

enum { MOST_FILE = 1 << 28, MOST_WORD = 4096 };

/* Where a pair is in the table, or would be. */
static size_t place_of(const struct sl_merges *merges, int32_t left,
                       int32_t right)
{
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    key *= UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)((key >> 32) * merges->size >> 32);
    while (merges->table[at].left >= 0 &&
           (merges->table[at].left != left || merges->table[at].right != right))
        at = at + 1 < merges->size ? at + 1 : 0;
    return at;
}

const struct sl_merge *sl_merges_find(const struct sl_merges *merges,
                                      int32_t left, int32_t right)
{
    const struct sl_merge *merge =
        &merges->table[place_of(merges, left, right)];
    return merge->left >= 0 ? merge : NULL;
}

/* The bytes of a word; more than fit, or characters that are none, are 0. */
static size_t bytes_of(const char *word, size_t n, char *to)
{
    size_t length = 0;
    for (size_t i = 0; i < n;) {
        uint32_t code;
        int bytes = sl_code_point_read(word + i, n - i, &code);
        int byte = bytes > 0 ? sl_byte_of_character(code) : -1;
        if (byte < 0 || length == MOST_WORD)
            return 0;
        to[length++] = (char)byte;
        i += (size_t)bytes;
    }
    return length;
}

/* A line becomes a pair; false if it is none. */
static bool take_line(const char *line, size_t n, const struct sl_vocabulary *v,
                      struct sl_merge *out)
{
    char joined[2 * MOST_WORD];
    const char *blank = memchr(line, ' ', n);
    if (!blank)
        return false;
    size_t first = (size_t)(blank - line);
    size_t left = bytes_of(line, first, joined);
    size_t right = bytes_of(blank + 1, n - first - 1, joined + left);
    if (left == 0 || right == 0)
        return false;
    out->left = sl_vocabulary_find(v, joined, left);
    out->right = sl_vocabulary_find(v, joined + left, right);
    out->joined = sl_vocabulary_find(v, joined, left + right);
    return out->left >= 0 && out->right >= 0 && out->joined >= 0;
}

static sluice_status add(struct sl_merges *merges, struct sl_source *source,
                         const char *line, size_t n,
                         const struct sl_vocabulary *v, int32_t number,
                         sluice_diag *why)
{
    struct sl_merge merge = {.rank = number};
    if (!take_line(line, n, v, &merge))
        return sl_source_bad(source, 0, why,
                             "line %d is not two tokens of the vocabulary that "
                             "make another one",
                             number + 1);
    size_t at = place_of(merges, merge.left, merge.right);
    if (merges->table[at].left >= 0)
        return sl_source_bad(source, 0, why, "line %d is there twice",
                             number + 1);
    merges->table[at] = merge;
    return SLUICE_OK;
}

static sluice_status take_lines(struct sl_merges *merges,
                                struct sl_source *source, const char *text,
                                size_t n, const struct sl_vocabulary *v,
                                sluice_diag *why)
{
    int32_t number = 0;
    for (const char *at = text, *end = text + n; at < end; number++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        size_t length = (size_t)(stop - at);
        bool is_comment = number == 0 && length > 0 && *at == '#' &&
                          !memchr(at, ' ', length < 2 ? length : 2);
        if (length > 0 && at[length - 1] == '\r')
            length--;
        if (length > 0 && !is_comment) {
            sluice_status st = add(merges, source, at, length, v, number, why);
            if (st)
                return st;
        }
        at = newline ? newline + 1 : end;
    }
    return SLUICE_OK;
}

/* The lines that may be pairs: those with a blank between two bytes. */
static size_t count_lines(const char *text, size_t n)
{
    size_t lines = 0;
    bool counted = false;
    for (size_t i = 1; i + 1 < n; i++) {
        bool is_pair = text[i] == ' ' && text[i - 1] != '\n';
        lines += is_pair && !counted;
        counted = text[i] != '\n' && (counted || is_pair);
    }
    return lines;
}

static sluice_status make_table(struct sl_merges *merges, size_t n,
                                sluice_diag *why)
{
    merges->size = n + n / 4 + 1;
    merges->table =
        sl_alloc(merges->allocator, merges->size, sizeof *merges->table);
    if (!merges->table)
        return sl_no_memory(why, "the pairs of a byte-pair encoding");
    for (size_t i = 0; i < merges->size; i++)
        merges->table[i].left = -1;
    return SLUICE_OK;
}

sluice_status sl_merges_parse(struct sl_source *source,
                              const struct sl_vocabulary *vocabulary,
                              const sluice_allocator *allocator,
                              struct sl_merges *out, sluice_diag *why)
{
    struct sl_merges merges = {.allocator = allocator};
    uint64_t n = sl_source_size(source);
    if (n > MOST_FILE)
        return sl_source_bad(source, 0, why,
                             "%llu bytes are more than pairs have",
                             (unsigned long long)n);
    char *text = sl_alloc(allocator, (size_t)n, 1);
    if (!text)
        return sl_no_memory(why, "the pairs of a byte-pair encoding");
    sluice_status st =
        sl_source_read(source, text, (size_t)n, "the pairs", why);
    if (!st)
        st = make_table(&merges, count_lines(text, (size_t)n), why);
    if (!st)
        st = take_lines(&merges, source, text, (size_t)n, vocabulary, why);
    sl_free(allocator, text, (size_t)n, 1);
    if (st)
        sl_merges_fini(&merges);
    else
        *out = merges;
    return st;
}

void sl_merges_fini(struct sl_merges *merges)
{
    sl_free(merges->allocator, merges->table, merges->size,
            sizeof *merges->table);
    *merges = (struct sl_merges){0};
}
