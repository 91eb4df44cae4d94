/*
 * Decompression of gzip data, one member or several in a row, by zlib with our
 * allocator.
 *
 * Threads: one at a time.
 */
#ifndef SL_DATA_FORMATS_GUNZIP_H
#define SL_DATA_FORMATS_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/memory.h>
#include <sluice/status.h>

struct sl_gunzip;

enum sl_gunzip_result {
    SL_GUNZIP_OK,        /* made progress */
    SL_GUNZIP_CORRUPT,   /* the input is not what gzip writes */
    SL_GUNZIP_NO_MEMORY, /* zlib could not allocate its window */
};

/* Returns the decompressor, or NULL if out of memory. */
struct sl_gunzip *sl_gunzip_create(const sluice_allocator *allocator);

/* NULL is allowed. */
void sl_gunzip_destroy(struct sl_gunzip *gunzip);

/* Forget everything: the next input is the first. */
void sl_gunzip_reset(struct sl_gunzip *gunzip);

/* Where to put up to `*room` bytes of input once sl_gunzip_left() is 0. */
void *sl_gunzip_input(struct sl_gunzip *gunzip, size_t *room);

/* `n` bytes have been put there. */
void sl_gunzip_fill(struct sl_gunzip *gunzip, size_t n);

/* Bytes of input that have not been used. */
size_t sl_gunzip_left(const struct sl_gunzip *gunzip);

/* Whether the input so far is complete: it ends with the end of a member. */
bool sl_gunzip_complete(const struct sl_gunzip *gunzip);

/*
 * Decompress what there is of the input into to[n]; *got bytes were written.
 */
enum sl_gunzip_result sl_gunzip_step(struct sl_gunzip *gunzip, void *to,
                                     size_t n, size_t *got);

#endif
