/* Decompression of gzip data by zlib.  One thread at a time. */
#include "data/formats/gunzip.h"

#include "base/memory.h"

#include <limits.h>
#include <stdint.h>
#include <zlib.h>

enum {
    INPUT_BYTES = 32 * 1024,
    GZIP_ONLY = 16 + MAX_WBITS, /* inflateInit2(): a gzip header must come */
};

struct sl_gunzip {
    const sluice_allocator *allocator;
    z_stream z;
    bool complete; /* the last member has ended, no other has begun */
    unsigned char input[INPUT_BYTES];
};

/* zlib does not say the size of what it frees: it is kept in front. */
struct block {
    _Alignas(SL_ALIGN) size_t bytes;
};

static void *allocate(void *context, unsigned n, unsigned size)
{
    const sluice_allocator *allocator = context;
    size_t bytes = sizeof(struct block) + (size_t)n * size;
    struct block *block = sl_alloc(allocator, bytes, 1);
    if (!block)
        return NULL;
    block->bytes = bytes;
    return block + 1;
}

static void release(void *context, void *memory)
{
    const sluice_allocator *allocator = context;
    struct block *block = (struct block *)memory - 1;
    sl_free(allocator, block, block->bytes, 1);
}

struct sl_gunzip *sl_gunzip_create(const sluice_allocator *allocator)
{
    struct sl_gunzip *gunzip = sl_alloc(allocator, 1, sizeof *gunzip);
    if (!gunzip)
        return NULL;
    gunzip->allocator = allocator;
    gunzip->z.zalloc = allocate;
    gunzip->z.zfree = release;
    gunzip->z.opaque = (void *)(uintptr_t)sl_allocator(allocator);
    if (inflateInit2(&gunzip->z, GZIP_ONLY) != Z_OK) {
        sl_free(allocator, gunzip, 1, sizeof *gunzip);
        return NULL;
    }
    return gunzip;
}

void sl_gunzip_destroy(struct sl_gunzip *gunzip)
{
    if (!gunzip)
        return;
    inflateEnd(&gunzip->z);
    sl_free(gunzip->allocator, gunzip, 1, sizeof *gunzip);
}

void sl_gunzip_reset(struct sl_gunzip *gunzip)
{
    inflateReset(&gunzip->z);
    gunzip->z.avail_in = 0;
    gunzip->complete = false;
}

void *sl_gunzip_input(struct sl_gunzip *gunzip, size_t *room)
{
    *room = sizeof gunzip->input;
    return gunzip->input;
}

void sl_gunzip_fill(struct sl_gunzip *gunzip, size_t n)
{
    gunzip->z.next_in = gunzip->input;
    gunzip->z.avail_in = (unsigned)n;
}

size_t sl_gunzip_left(const struct sl_gunzip *gunzip)
{
    return gunzip->z.avail_in;
}

bool sl_gunzip_complete(const struct sl_gunzip *gunzip)
{
    return gunzip->complete;
}

enum sl_gunzip_result sl_gunzip_step(struct sl_gunzip *gunzip, void *to,
                                     size_t n, size_t *got)
{
    z_stream *z = &gunzip->z;
    if (gunzip->complete)
        inflateReset(z); /* another member follows, or rubbish */
    gunzip->complete = false;
    unsigned room = n < UINT_MAX ? (unsigned)n : UINT_MAX;
    z->next_out = to;
    z->avail_out = room;
    int result = inflate(z, Z_NO_FLUSH);
    *got = room - z->avail_out;
    switch (result) {
    case Z_STREAM_END:
        gunzip->complete = true;
        return SL_GUNZIP_OK;
    case Z_OK:
    case Z_BUF_ERROR: /* neither input nor room was enough for a step */
        return SL_GUNZIP_OK;
    case Z_MEM_ERROR:
        return SL_GUNZIP_NO_MEMORY;
    default:
        return SL_GUNZIP_CORRUPT;
    }
}
