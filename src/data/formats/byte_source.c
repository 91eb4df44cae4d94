/* A parser's bytes: file, gzipped file, memory.  One thread at a time. */
#include "data/formats/byte_source.h"

#include "base/memory.h"
#include "data/formats/gunzip.h"
#include "data/sets/store.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SKIP_BYTES = 16 * 1024 };

struct sl_source {
    const sluice_allocator *allocator;
    struct sl_store store;
    uint64_t offset;          /* bytes handed to the parser */
    struct sl_gunzip *gunzip; /* NULL: what is stored is what is handed out */
};

/* Give the decompressor more to work on; *done: there is no more. */
static sluice_status refill(struct sl_source *source, bool *done,
                            sluice_diag *why)
{
    size_t room, n;
    void *input = sl_gunzip_input(source->gunzip, &room);
    sluice_status st = sl_store_take(&source->store, input, room, &n, why);
    if (st)
        return st;
    *done = n == 0;
    sl_gunzip_fill(source->gunzip, n);
    if (*done && !sl_gunzip_complete(source->gunzip))
        return sl_source_bad(source, source->store.taken, why,
                             "the compressed data ends too early");
    return SLUICE_OK;
}

static sluice_status decompress(struct sl_source *source, void *to, size_t n,
                                size_t *got, sluice_diag *why)
{
    *got = 0;
    while (*got < n) {
        bool done = false;
        if (!sl_gunzip_left(source->gunzip)) {
            sluice_status st = refill(source, &done, why);
            if (st || done)
                return st;
        }
        size_t m;
        switch (
            sl_gunzip_step(source->gunzip, (char *)to + *got, n - *got, &m)) {
        case SL_GUNZIP_OK:
            *got += m;
            break;
        case SL_GUNZIP_NO_MEMORY:
            return sl_no_memory(why, "the window of the decompressor");
        case SL_GUNZIP_CORRUPT:
            return sl_source_bad(
                source, source->store.taken - sl_gunzip_left(source->gunzip),
                why,
                "the compressed data is corrupt, or is followed by other data");
        }
    }
    return SLUICE_OK;
}

/* Hand out up to `n` bytes, fewer only at the end. */
static sluice_status hand_out(struct sl_source *source, void *to, size_t n,
                              size_t *got, sluice_diag *why)
{
    sluice_status st = source->gunzip
                           ? decompress(source, to, n, got, why)
                           : sl_store_take(&source->store, to, n, got, why);
    if (!st)
        source->offset += *got;
    return st;
}

/* Read up to `n` bytes and drop them; *skipped is less only at the end. */
static sluice_status skip(struct sl_source *source, uint64_t n,
                          uint64_t *skipped, sluice_diag *why)
{
    char nowhere[SKIP_BYTES];
    for (*skipped = 0; *skipped < n;) {
        uint64_t left = n - *skipped;
        size_t got, part = left < SKIP_BYTES ? (size_t)left : SKIP_BYTES;
        sluice_status st = hand_out(source, nowhere, part, &got, why);
        if (st)
            return st;
        *skipped += got;
        if (got < part)
            break;
    }
    return SLUICE_OK;
}

/* Decompress what is stored if it begins as gzip does (RFC 1952, 2.3.1). */
static sluice_status detect_gzip(struct sl_source *source, sluice_diag *why)
{
    static const unsigned char magic[2] = {0x1f, 0x8b};
    unsigned char head[sizeof magic];
    size_t got;
    sluice_status st =
        sl_store_take(&source->store, head, sizeof head, &got, why);
    source->store.taken = 0;
    if (st || got < sizeof head || memcmp(head, magic, sizeof head))
        return st;
    source->gunzip = sl_gunzip_create(source->allocator);
    return source->gunzip ? SLUICE_OK
                          : sl_no_memory(why, "a gzip decompressor");
}

static struct sl_source *source_create(const sluice_allocator *allocator)
{
    struct sl_source *source = sl_alloc(allocator, 1, sizeof *source);
    if (!source)
        return NULL;
    source->allocator = allocator;
    return source;
}

sluice_status sl_source_open(const char *path, enum sl_packing packing,
                             const sluice_allocator *allocator,
                             struct sl_source **out, sluice_diag *why)
{
    struct sl_source *source = source_create(allocator);
    if (!source)
        return sl_no_memory(why, "a reader of files");
    sluice_status st = sl_store_open(&source->store, path, why);
    if (!st && packing == SL_MAYBE_GZIP)
        st = detect_gzip(source, why);
    if (st)
        sl_source_close(source);
    else
        *out = source;
    return st;
}

sluice_status sl_source_open_memory(const char *name, const void *bytes,
                                    size_t n, enum sl_packing packing,
                                    const sluice_allocator *allocator,
                                    struct sl_source **out, sluice_diag *why)
{
    struct sl_source *source = source_create(allocator);
    if (!source)
        return sl_no_memory(why, "a reader of memory");
    sl_store_memory(&source->store, name, bytes, n);
    sluice_status st = SLUICE_OK;
    if (packing == SL_MAYBE_GZIP)
        st = detect_gzip(source, why);
    if (st)
        sl_source_close(source);
    else
        *out = source;
    return st;
}

void sl_source_close(struct sl_source *source)
{
    if (!source)
        return;
    sl_gunzip_destroy(source->gunzip);
    sl_store_close(&source->store);
    sl_free(source->allocator, source, 1, sizeof *source);
}

uint64_t sl_source_offset(const struct sl_source *source)
{
    return source->offset;
}

uint64_t sl_source_size(const struct sl_source *source)
{
    assert(!source->gunzip);
    return source->store.size;
}

sluice_status sl_source_read(struct sl_source *source, void *to, size_t n,
                             const char *what, sluice_diag *why)
{
    size_t got;
    sluice_status st = hand_out(source, to, n, &got, why);
    if (st || got == n)
        return st;
    return sl_source_bad(source, source->offset, why,
                         "the data ends here, in %s: %zu bytes are missing",
                         what, n - got);
}

sluice_status sl_source_some(struct sl_source *source, void *to, size_t n,
                             size_t *got, sluice_diag *why)
{
    return hand_out(source, to, n, got, why);
}

sluice_status sl_source_expect(struct sl_source *source, uint64_t n,
                               const char *what, sluice_diag *why)
{
    uint64_t start = source->offset;
    uint64_t there = source->store.size - source->store.taken;
    if (source->gunzip) {
        sluice_status st = skip(source, n, &there, why);
        if (!st)
            st = sl_source_seek(source, start, why);
        if (st)
            return st;
    }
    if (there >= n)
        return SLUICE_OK;
    return sl_source_bad(source, start, why,
                         "%s should have %llu bytes, but there are %llu", what,
                         (unsigned long long)n, (unsigned long long)there);
}

sluice_status sl_source_end(struct sl_source *source, const char *what,
                            sluice_diag *why)
{
    char byte;
    size_t got;
    uint64_t end = source->offset;
    sluice_status st = hand_out(source, &byte, 1, &got, why);
    if (st || !got)
        return st;
    return sl_source_bad(source, end, why, "there is more data after %s", what);
}

sluice_status sl_source_seek(struct sl_source *source, uint64_t offset,
                             sluice_diag *why)
{
    assert(source->gunzip || offset <= source->store.size);
    source->offset = source->gunzip ? 0 : offset;
    source->store.taken = source->offset;
    if (!source->gunzip)
        return SLUICE_OK;
    sl_gunzip_reset(source->gunzip);
    uint64_t there;
    return skip(source, offset, &there, why);
}

sluice_status sl_source_bad(const struct sl_source *source, uint64_t at,
                            sluice_diag *why, const char *format, ...)
{
    char text[SLUICE_DIAG_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?';
    return sluice_diag_set(why, SLUICE_FORMAT, "%s: byte %llu: %s",
                           source->store.name, (unsigned long long)at, text);
}
