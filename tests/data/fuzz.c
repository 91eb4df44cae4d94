/* What the fuzz targets share.  One thread. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

/* Counts bytes; blocks come from the C library. */
struct meter {
    size_t now;
    size_t peak;
};

static void *allocate(void *context, size_t bytes, size_t align)
{
    struct meter *meter = context;
    meter->now += bytes;
    if (meter->now > meter->peak)
        meter->peak = meter->now;
    return aligned_alloc(align, bytes);
}

static void release(void *context, void *block, size_t bytes)
{
    struct meter *meter = context;
    fuzz_require(bytes <= meter->now);
    meter->now -= bytes;
    free(block);
}

void fuzz_require(int claim)
{
    if (!claim)
        abort();
}

/* The sentence names place and trouble, is printable and was not cut off. */
static void check_sentence(const sluice_diag *why)
{
    fuzz_require(why->status == SLUICE_FORMAT);
    fuzz_require(!strncmp(why->text, "input: byte ", 12));
    fuzz_require(strlen(why->text) < sizeof why->text - 1);
    for (const char *c = why->text; *c; c++)
        fuzz_require(*c >= ' ' && *c <= '~');
}

/* The bytes that may be there: deflate packs 1,032 of them into one at most. */
static size_t most_bytes(const uint8_t *data, size_t n)
{
    int gzip = fuzz_parser.packing == SL_MAYBE_GZIP && n >= 2 &&
               data[0] == 0x1f && data[1] == 0x8b;
    return gzip ? 1032 * n : n;
}

sluice_status fuzz_one(const uint8_t *data, size_t n)
{
    struct meter meter = {0};
    const sluice_allocator hooks = {allocate, release, &meter};
    size_t most = most_bytes(data, n);
    sluice_diag why = {.status = SLUICE_OK};
    struct sl_source *source = NULL;
    sluice_status st = sl_source_open_memory(
        "input", data, n, fuzz_parser.packing, &hooks, &source, &why);
    fuzz_require(st == SLUICE_OK);
    st = fuzz_parser.parse(source, most, &hooks, &why);
    fuzz_require(meter.now == 0);
    fuzz_require(meter.peak <= 2 * most + (1 << 20));
    fuzz_require(st == SLUICE_OK || st == SLUICE_FORMAT);
    if (st)
        check_sentence(&why);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_one(data, n);
    return 0;
}
