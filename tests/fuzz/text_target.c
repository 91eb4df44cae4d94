/* What the fuzz targets of texts share.  One thread. */
#include "text_target.h"

#include <stdlib.h>
#include <string.h>

#include "base/text/utf8.h"

/* Counts bytes; blocks come from the C library. */
struct text_meter {
    size_t now;
    size_t peak;
};

static void *allocate(void *context, size_t bytes, size_t align)
{
    struct text_meter *meter = context;
    meter->now += bytes;
    if (meter->now > meter->peak)
        meter->peak = meter->now;
    return aligned_alloc(align, bytes);
}

static void release(void *context, void *block, size_t bytes)
{
    struct text_meter *meter = context;
    text_require(bytes <= meter->now);
    meter->now -= bytes;
    free(block);
}

void text_require(int claim)
{
    if (!claim)
        abort();
}

/* A sentence is there, and can be shown. */
static void check_sentence(const sluice_diag *why, sluice_status st)
{
    text_require(why->status == st && why->text[0]);
    int bytes = 1;
    for (const char *c = why->text; *c; c += bytes) {
        text_require((unsigned char)*c >= ' ');
        bytes = sl_utf8_bytes(c);
        text_require(bytes > 0);
    }
}

sluice_status text_one(const uint8_t *data, size_t n)
{
    struct text_meter meter = {0};
    const sluice_allocator hooks = {allocate, release, &meter};
    sluice_diag why = {.status = SLUICE_OK};
    char *text = malloc(n + 1); /* a sanitizer sees a byte too much */
    text_require(text != NULL);
    memcpy(text, data, n);
    text[n] = '\0';
    sluice_status st = text_target.parse(text, n, &hooks, &why);
    free(text);
    text_require(meter.now == 0);
    text_require(meter.peak <= text_target.factor * n + text_target.base);
    if (st)
        check_sentence(&why, st);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    text_one(data, n);
    return 0;
}
