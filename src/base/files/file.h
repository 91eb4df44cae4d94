/*
 * A file that is there as a whole or not at all.  It is written under a
 * temporary name in the directory of its target, synced, and renamed; until
 * then an older file of that name stays as it is, whatever happens: a full
 * disk, a killed process, a power failure.
 *
 * A link is followed: the file it names is replaced, the link stays.  The
 * permissions of an older file are kept, and so is its owner where the system
 * allows it; one that may not be written is not replaced.
 *
 * What is no regular file cannot be replaced, so a device, a pipe, a name under
 * /dev/fd or /proc, and the file that standard output or standard error goes to
 * are written in place.  (A pipe without a reader raises SIGPIPE, as
 * anywhere.)
 *
 * A writer holds a lock on its temporary file.  One that a killed process has
 * left behind is not locked any more: the next writer of the same target
 * removes it.
 *
 * Threads: one at a time for each file.
 */
#ifndef SL_BASE_FILES_FILE_H
#define SL_BASE_FILES_FILE_H

#include <stddef.h>

#include <sluice/memory.h>
#include <sluice/status.h>

#include "base/files/file_open.h"

/*
 * Open the temporary file, or what is written in place.
 *
 * Blocks   if `path` is a pipe, until a reader opens it.
 * Returns  SLUICE_OK; SLUICE_IO, naming path and reason; SLUICE_NO_MEMORY.
 */
sluice_status sl_file_init(struct sl_file *file, const char *path,
                           const sluice_allocator *allocator, sluice_diag *why);

/*
 * Append bytes[n].
 *
 * Returns  SLUICE_OK; SLUICE_IO: then the file cannot be committed any more.
 */
sluice_status sl_file_write(struct sl_file *file, const char *bytes, size_t n,
                            sluice_diag *why);

/*
 * Make the file safe and give it its name.
 *
 * Returns  SLUICE_OK; SLUICE_IO, also if a write has failed before: then an
 *          older file of that name is as it was, except where only its
 *          directory could not be synced, which the sentence says.
 */
sluice_status sl_file_commit(struct sl_file *file, sluice_diag *why);

/* Close; unless committed, remove the temporary file. */
void sl_file_fini(struct sl_file *file);

/* All of it for text that is there already: text[n].  Returns as
 * sl_file_init(). */
sluice_status sl_file_put(const char *path, const char *text, size_t n,
                          const sluice_allocator *allocator, sluice_diag *why);

#endif
