/*
 * Opening a file to be read.  Only a regular file has a size that what is read
 * can be held against, and is never waited for: a pipe may have no writer, a
 * device no end.
 *
 * Threads: any; no shared state.
 */
#ifndef SL_BASE_FILES_REGULAR_H
#define SL_BASE_FILES_REGULAR_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/status.h>

struct sl_regular {
    int fd;
    uint64_t size; /* when it was opened */
};

/*
 * Open `path`; sentences call it `name`.
 *
 * Returns  SLUICE_OK; SLUICE_IO if the system refuses, or it is a directory,
 *          device or pipe: nothing is open then.
 */
sluice_status sl_regular_open(struct sl_regular *file, const char *path,
                              const char *name, sluice_diag *why);

/*
 * Read up to `n` bytes from byte `at` on.
 *
 * Returns  SLUICE_OK, *got being less than n only at the file's end; SLUICE_IO.
 */
sluice_status sl_regular_read(const struct sl_regular *file, const char *name,
                              uint64_t at, void *to, size_t n, size_t *got,
                              sluice_diag *why);

void sl_regular_close(struct sl_regular *file);

#endif
