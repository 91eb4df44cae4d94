/* The text of a schedule, from a file.  One thread. */
#ifndef SL_SCHED_TEXT_FILE_H
#define SL_SCHED_TEXT_FILE_H

#include <stddef.h>

#include <sluice/memory.h>
#include <sluice/status.h>

/* The content of a file. */
struct sl_content {
    char *text; /* [n] */
    size_t n;
    size_t capacity;
};

/*
 * Read a whole file of at most `most` bytes; only a regular one is read.
 *
 * Returns  SLUICE_OK; SLUICE_FORMAT if it is longer; SLUICE_IO;
 *          SLUICE_NO_MEMORY.
 */
sluice_status sl_content_read(struct sl_content *content, const char *path,
                              size_t most, const sluice_allocator *allocator,
                              sluice_diag *why);

/*
 * Begin the sentence of what was read from a file with the file's name, as far
 * as that fits.
 *
 * Returns  `status`.
 */
sluice_status sl_content_blame(const char *path, sluice_status status,
                               sluice_diag *why);

void sl_content_fini(struct sl_content *content,
                     const sluice_allocator *allocator);

#endif
