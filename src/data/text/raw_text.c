/* The bytes of a text.  One thread at a time. */
#include "data/text/raw_text.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/sets/embedded.h"

enum { PIECE = 1 << 16 };

/* A gzipped file says at its end how much comes out, modulo 2^32; this one is
 * ours, and small. */
static size_t unpacked_bytes(struct sl_embedded file)
{
    const unsigned char *end = (const unsigned char *)file.bytes + file.n;
    return (size_t)end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 |
           (size_t)end[-1] << 24;
}

static sluice_status read_genesis(const char *name,
                                  const sluice_allocator *allocator,
                                  struct sl_plain_text *out, sluice_diag *why)
{
    struct sl_embedded file = sl_embedded_genesis();
    struct sl_source *source;
    size_t n = unpacked_bytes(file);
    sluice_status st = sl_source_open_memory(
        name, file.bytes, file.n, SL_MAYBE_GZIP, allocator, &source, why);
    if (st)
        return st;
    char *bytes = sl_alloc(allocator, n, 1);
    st = bytes ? sl_source_read(source, bytes, n, "the text", why)
               : sl_no_memory(why, "a text");
    if (st)
        sl_free(allocator, bytes, n, 1);
    else
        *out = (struct sl_plain_text){bytes, n, n};
    sl_source_close(source);
    return st;
}

static sluice_status read_king_james(const char *name,
                                     const sluice_allocator *allocator,
                                     struct sl_plain_text *out,
                                     sluice_diag *why)
{
    static const char path[] = "/usr/lib/bible.data";
    struct sl_source *source;
    if (access(path, F_OK) != 0)
        return sluice_diag_set(why, SLUICE_NOT_FOUND,
                               "text '%s' is not installed: install Debian's "
                               "package bible-kjv-text, name a file, or use "
                               "'genesis', its first book",
                               name);
    sluice_status st = sl_source_open(path, SL_PLAIN, allocator, &source, why);
    if (st)
        return st;
    st = sl_king_james_read(source, allocator, out, why);
    sl_source_close(source);
    return st;
}

static const struct named {
    const char *name;
    sluice_status (*read)(const char *name, const sluice_allocator *allocator,
                          struct sl_plain_text *out, sluice_diag *why);
} names[] = {
    {"king-james", read_king_james},
    {"genesis", read_genesis},
};

static const struct named *find(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i].name))
            return &names[i];
    return NULL;
}

bool sluice_text_is_named(const char *name)
{
    return find(name);
}

static sluice_status open_named(struct sl_raw_text *text,
                                const struct named *named, sluice_diag *why)
{
    sluice_status st =
        named->read(named->name, text->allocator, &text->owned, why);
    if (st)
        return st;
    st = sl_source_open_memory(named->name, text->owned.bytes, text->owned.n,
                               SL_PLAIN, text->allocator, &text->source, why);
    if (st)
        sl_free(text->allocator, text->owned.bytes, text->owned.capacity, 1);
    return st;
}

sluice_status sl_raw_text_open(struct sl_raw_text *text, const char *name,
                               const sluice_allocator *allocator,
                               sluice_diag *why)
{
    const struct named *named = find(name);
    *text = (struct sl_raw_text){.allocator = allocator};
    sluice_status st =
        named ? open_named(text, named, why)
              : sl_source_open(name, SL_PLAIN, allocator, &text->source, why);
    if (st)
        return st;
    text->n = sl_source_size(text->source);
    if (text->n > 0)
        return SLUICE_OK;
    st = sl_source_bad(text->source, 0, why, "the text is empty");
    sl_raw_text_close(text);
    return st;
}

void sl_raw_text_close(struct sl_raw_text *text)
{
    sl_source_close(text->source);
    sl_free(text->allocator, text->owned.bytes, text->owned.capacity, 1);
}

/* A piece begins with what was left over of the one before. */
static sluice_status walk(struct sl_raw_text *text, char *buffer,
                          sl_take_piece *take, void *context, sluice_diag *why)
{
    size_t left = 0;
    uint64_t at = 0;
    while (at < text->n) {
        size_t got, used;
        sluice_status st = sl_source_some(text->source, buffer + left,
                                          PIECE - left, &got, why);
        if (st)
            return st;
        size_t n = left + got;
        bool is_last = at + n >= text->n;
        st = take(context, buffer, n, at, is_last, &used, why);
        if (st)
            return st;
        left = n - used;
        at += used;
        memmove(buffer, buffer + used, left);
    }
    return SLUICE_OK;
}

sluice_status sl_raw_text_walk(struct sl_raw_text *text, sl_take_piece *take,
                               void *context, sluice_diag *why)
{
    char *buffer = sl_alloc(text->allocator, PIECE, 1);
    if (!buffer)
        return sl_no_memory(why, "a piece of a text");
    sluice_status st = sl_source_seek(text->source, 0, why);
    if (!st)
        st = walk(text, buffer, take, context, why);
    sl_free(text->allocator, buffer, PIECE, 1);
    return st;
}
