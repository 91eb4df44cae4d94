/*
 * Opening a file to be written: what its path stands for, the temporary file
 * beside it, and what earlier ones have left.
 *
 * Threads: one at a time for each file.
 */
#ifndef SL_BASE_FILE_OPEN_H
#define SL_BASE_FILE_OPEN_H

#include "base/file.h"

enum { SL_FILE_SUFFIX = 32 }; /* of a temporary name beyond the target */

/*
 * Open `fd`, in place or under a temporary name.  `target` holds the path; it
 * has room for PATH_MAX bytes, and becomes what a link names.  `temporary` has
 * room for SL_FILE_SUFFIX more.
 *
 * Blocks   if the path is a pipe, until somebody reads it.
 * Returns  0 or an errno.
 */
int sl_file_open(struct sl_file *file);

/*
 * The name of the target's directory.
 *
 * Shapes   directory[as `temporary`].
 * Returns  how many bytes of the target name it: the rest is the file's name.
 */
size_t sl_file_directory(const struct sl_file *file, char *directory);

#endif
