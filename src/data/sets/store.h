/*
 * The stored bytes below a source: a file or memory, read from front to back.
 *
 * Threads: one at a time.
 */
#ifndef SL_DATA_SETS_STORE_H
#define SL_DATA_SETS_STORE_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/status.h>

#include "base/files/regular.h"

enum { SL_STORE_NAME = 112 };

struct sl_store {
    struct sl_regular file;   /* its fd is -1: memory, or closed */
    const void *memory;       /* NULL: a file */
    uint64_t size;            /* bytes there are */
    uint64_t taken;           /* how many of them have been read */
    char name[SL_STORE_NAME]; /* for sentences; the end of a longer one */
};

/*
 * Open a file.  Only regular files have a size to check against: nothing else
 * is opened, and a FIFO cannot block us.  The store is to be closed on failure
 * too.
 *
 * Returns  SLUICE_OK; SLUICE_IO.
 */
sluice_status sl_store_open(struct sl_store *store, const char *path,
                            sluice_diag *why);

/* Read bytes[n], which must outlive the store. */
void sl_store_memory(struct sl_store *store, const char *name,
                     const void *bytes, size_t n);

void sl_store_close(struct sl_store *store);

/*
 * Read the next `n` bytes; *got is less only at the end.
 *
 * Returns  SLUICE_OK; SLUICE_IO, also if the file has shrunk meanwhile.
 */
sluice_status sl_store_take(struct sl_store *store, void *to, size_t n,
                            size_t *got, sluice_diag *why);

#endif
