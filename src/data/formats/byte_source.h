/*
 * Where a parser's bytes come from: a file, a gzipped file, or memory.
 *
 * Nothing a file says about itself is believed.  Before a parser allocates n
 * bytes it asks sl_source_expect() whether they are there; of gzipped data that
 * is known by decompressing it once into nothing.  So what a parser holds is
 * bounded by the bytes that exist, whatever a header claims.
 *
 * Threads: one at a time.
 */
#ifndef SL_DATA_FORMATS_BYTE_SOURCE_H
#define SL_DATA_FORMATS_BYTE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/status.h>

struct sl_source;

enum sl_packing {
    SL_PLAIN,
    SL_MAYBE_GZIP, /* gzip if it begins with gzip's magic number */
};

/*
 * Open a file.  Only regular files have a size to check against: nothing else
 * is opened, and a FIFO cannot block us.
 *
 * Returns  SLUICE_OK; SLUICE_IO; SLUICE_NO_MEMORY.
 */
sluice_status sl_source_open(const char *path, enum sl_packing packing,
                             const sluice_allocator *allocator,
                             struct sl_source **out, sluice_diag *why);

/*
 * Open bytes[n], which must outlive the source; sentences call them `name`.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY.
 */
sluice_status sl_source_open_memory(const char *name, const void *bytes,
                                    size_t n, enum sl_packing packing,
                                    const sluice_allocator *allocator,
                                    struct sl_source **out, sluice_diag *why);

/* NULL is allowed. */
void sl_source_close(struct sl_source *source);

/* Place of the next byte, of the decompressed data if there is compression. */
uint64_t sl_source_offset(const struct sl_source *source);

/* Bytes of a source that is not compressed. */
uint64_t sl_source_size(const struct sl_source *source);

/*
 * Read exactly `n` bytes of what the sentence calls `what`: "the header".
 *
 * Returns  SLUICE_OK; SLUICE_FORMAT if the data ends before or is not proper
 *          gzip; SLUICE_IO; SLUICE_NO_MEMORY.
 */
sluice_status sl_source_read(struct sl_source *source, void *to, size_t n,
                             const char *what, sluice_diag *why);

/*
 * Read up to `n` bytes; *got is less only at the end.
 *
 * Returns  SLUICE_OK; SLUICE_FORMAT if the data is not proper gzip; SLUICE_IO;
 *          SLUICE_NO_MEMORY.
 */
sluice_status sl_source_some(struct sl_source *source, void *to, size_t n,
                             size_t *got, sluice_diag *why);

/*
 * Make sure that `n` more bytes are there, and take none of them.
 *
 * Returns  as sl_source_read().
 */
sluice_status sl_source_expect(struct sl_source *source, uint64_t n,
                               const char *what, sluice_diag *why);

/*
 * Make sure that `what` was the last thing: the checksum of gzipped data is
 * right and no byte follows.
 *
 * Returns  as sl_source_read().
 */
sluice_status sl_source_end(struct sl_source *source, const char *what,
                            sluice_diag *why);

/*
 * Go to a place that is there.
 *
 * Returns  as sl_source_read().
 */
sluice_status sl_source_seek(struct sl_source *source, uint64_t offset,
                             sluice_diag *why);

/*
 * Say what is wrong at byte `at`.  Bytes that cannot be printed, which may come
 * from the file, become '?'.
 *
 * Returns  SLUICE_FORMAT.
 */
sluice_status sl_source_bad(const struct sl_source *source, uint64_t at,
                            sluice_diag *why, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
