/*
 * Opening a file to be written: what its path stands for, the temporary file
 * beside it, and what earlier ones have left.
 *
 * Threads: one at a time for each file.
 */
#ifndef SL_BASE_FILES_FILE_OPEN_H
#define SL_BASE_FILES_FILE_OPEN_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/memory.h>

enum { SL_FILE_SUFFIX = 32 }; /* of a temporary name beyond the target */

/* A file that is being written: see base/files/file.h. */
struct sl_file {
    const sluice_allocator *allocator; /* const after init */
    size_t bytes;    /* const after init: of the block of names */
    char *path;      /* const after init: as the caller gave it */
    char *target;    /* const after init: the file to be replaced */
    char *temporary; /* its name before the commit */
    int fd;          /* -1: closed */
    bool in_place;   /* const after init: there is no temporary file */
    bool exists;     /* under its temporary name */
    bool failed;     /* some byte is missing */
};

/*
 * Open `fd`, in place or under a temporary name.  `target` holds the path; it
 * has room for PATH_MAX bytes, and becomes what a link names.  `temporary` has
 * room for SL_FILE_SUFFIX more.
 *
 * Blocks   if the path is a pipe, until a reader opens it.
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
