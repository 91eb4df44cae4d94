/*
 * The text of Debian's bible-kjv-text.  Any thread.
 *
 * The file begins with "EC02"; at byte 84 stand, as big-endian numbers of 32
 * bits, the size of a window, the number of windows, and where the codes of
 * each begin.  Those of the first follow compress(1)'s magic number and its
 * flags, and all windows are one stream, in which the table is cleared now and
 * then.  (README.bible of bible-kjv, section "The compression scheme".)
 */
#include "data/text/king_james.h"

#include <string.h>

#include "base/memory.h"
#include "data/formats/lzw.h"

enum {
    FIRST_WINDOW = 0x5c, /* where its place stands in the file */
    MAGIC = 3,           /* bytes of compress(1) before the first codes */
    MOST_FILE = 1 << 23,
    MOST_TEXT = 1 << 24,
};

static sluice_status read_all(struct sl_source *source, unsigned char *bytes,
                              size_t n, size_t *start, sluice_diag *why)
{
    sluice_status st = sl_source_read(source, bytes, n, "the file", why);
    if (st)
        return st;
    const unsigned char *at = bytes + FIRST_WINDOW;
    *start = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 |
             (size_t)at[3];
    if (memcmp(bytes, "EC02", 4) != 0 || *start < FIRST_WINDOW + 4 + MAGIC ||
        *start > n)
        return sl_source_bad(source, 0, why,
                             "not the data of bible-kjv-text: it begins with "
                             "EC02 and the places of its windows");
    *start -= MAGIC;
    return SLUICE_OK;
}

/* Expand twice: the first time to learn how much there is. */
static sluice_status expand(const unsigned char *from, size_t n,
                            const sluice_allocator *allocator,
                            struct sl_plain_text *out, sluice_diag *why)
{
    size_t size;
    sluice_status st =
        sl_lzw_expand(from, n, NULL, MOST_TEXT, allocator, &size, why);
    if (st)
        return st;
    char *text = sl_alloc(allocator, size, 1);
    if (!text)
        return sl_no_memory(why, "a text");
    *out = (struct sl_plain_text){text, size, size};
    st = sl_lzw_expand(from, n, text, size, allocator, &size, why);
    if (st)
        sl_free(allocator, text, out->capacity, 1);
    return st;
}

/* Where the text of a verse begins: behind a reference such as "Ge1:1 "; NULL
 * if the line has none. */
static const char *verse(const char *line, const char *end)
{
    const char *blank = memchr(line, ' ', (size_t)(end - line));
    if (!blank || !memchr(line, ':', (size_t)(blank - line)))
        return NULL;
    return blank + 1;
}

/* Leave the verses, and of each the text alone. */
static void leave_verses(struct sl_plain_text *text)
{
    const char *at = text->bytes, *end = text->bytes + text->n;
    text->n = 0;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *next = newline ? newline + 1 : end;
        const char *from = verse(at, next);
        if (from) {
            memmove(text->bytes + text->n, from, (size_t)(next - from));
            text->n += (size_t)(next - from);
        }
        at = next;
    }
}

static sluice_status read_text(struct sl_source *source, unsigned char *bytes,
                               size_t n, const sluice_allocator *allocator,
                               struct sl_plain_text *out, sluice_diag *why)
{
    size_t start;
    sluice_status st = read_all(source, bytes, n, &start, why);
    if (!st)
        st = expand(bytes + start, n - start, allocator, out, why);
    if (st)
        return st;
    leave_verses(out);
    if (out->n > 0)
        return SLUICE_OK;
    sl_free(allocator, out->bytes, out->capacity, 1);
    return sl_source_bad(source, 0, why, "no verses are in it");
}

sluice_status sl_king_james_read(struct sl_source *source,
                                 const sluice_allocator *allocator,
                                 struct sl_plain_text *out, sluice_diag *why)
{
    uint64_t n = sl_source_size(source);
    if (n < FIRST_WINDOW + 4 || n > MOST_FILE)
        return sl_source_bad(source, 0, why,
                             "%llu bytes are not the size of bible-kjv-text's "
                             "data",
                             (unsigned long long)n);
    unsigned char *bytes = sl_alloc(allocator, (size_t)n, 1);
    if (!bytes)
        return sl_no_memory(why, "a text");
    struct sl_plain_text text;
    sluice_status st =
        read_text(source, bytes, (size_t)n, allocator, &text, why);
    sl_free(allocator, bytes, (size_t)n, 1);
    if (!st)
        *out = text;
    return st;
}
