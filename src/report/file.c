/* A file that is there as a whole or not at all.  One thread at a time. */
#include <sluice/report.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

enum {
    SUFFIX_BYTES = 32, /* of a temporary name beyond the path */
    ATTEMPTS = 100,    /* to find one that nobody uses */
};

struct sluice_file {
    const sluice_allocator *allocator; /* const after create */
    size_t name_bytes;                 /* of `path`, its end included */
    char *path;                        /* const after create */
    char *temporary;                   /* its name before the commit */
    int fd;                            /* -1: closed */
    bool exists;                       /* under its temporary name */
    bool failed;                       /* some byte is missing */
};

static sluice_status io_error(sluice_file *file, int error, const char *verb,
                              sluice_diag *why)
{
    char text[96];
    file->failed = true;
    return sluice_diag_set(why, SLUICE_IO, "%.150s: cannot be %s: %s",
                           file->path, verb,
                           strerror_r(error, text, sizeof text));
}

static sluice_status write_all(void *context, const char *bytes, size_t n,
                               sluice_diag *why)
{
    sluice_file *file = context;
    while (n) {
        ssize_t m = write(file->fd, bytes, n);
        if (m < 0 && errno == EINTR)
            continue;
        if (m < 0)
            return io_error(file, errno, "written", why);
        bytes += m;
        n -= (size_t)m;
    }
    return SLUICE_OK;
}

static void free_all(sluice_file *file)
{
    const sluice_allocator *allocator = file->allocator;
    sl_free(allocator, file->temporary, file->name_bytes + SUFFIX_BYTES, 1);
    sl_free(allocator, file->path, file->name_bytes, 1);
    sl_free(allocator, file, 1, sizeof *file);
}

static sluice_file *allocate(const char *path,
                             const sluice_allocator *allocator)
{
    sluice_file *file = sl_alloc(allocator, 1, sizeof *file);
    if (!file)
        return NULL;
    file->allocator = allocator;
    file->fd = -1;
    file->name_bytes = strlen(path) + 1;
    file->path = sl_alloc(allocator, file->name_bytes, 1);
    file->temporary = sl_alloc(allocator, file->name_bytes + SUFFIX_BYTES, 1);
    if (!file->path || !file->temporary) {
        free_all(file);
        return NULL;
    }
    memcpy(file->path, path, file->name_bytes);
    return file;
}

/* Open under a name that is ours: O_EXCL follows no link laid out for us. */
static void open_temporary(sluice_file *file)
{
    for (int i = 0; i < ATTEMPTS && file->fd < 0; i++) {
        snprintf(file->temporary, file->name_bytes + SUFFIX_BYTES,
                 "%s.%ld-%d.tmp", file->path, (long)getpid(), i);
        file->fd = open(
            file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY,
            S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH);
        if (file->fd < 0 && errno != EEXIST)
            return;
    }
}

sluice_status sluice_file_create(const char *path,
                                 const sluice_allocator *allocator,
                                 sluice_file **out, sluice_diag *why)
{
    sluice_file *file = allocate(path, allocator);
    if (!file)
        return sl_no_memory(why, "the names of a file");
    open_temporary(file);
    if (file->fd < 0) {
        sluice_status st = io_error(file, errno, "created", why);
        free_all(file);
        return st;
    }
    file->exists = true;
    *out = file;
    return SLUICE_OK;
}

sluice_sink sluice_file_sink(sluice_file *file)
{
    return (sluice_sink){write_all, file};
}

static sluice_status close_file(sluice_file *file, sluice_diag *why)
{
    bool synced = !fsync(file->fd);
    int error = errno;
    if (close(file->fd) && synced) {
        synced = false;
        error = errno;
    }
    file->fd = -1;
    return synced ? SLUICE_OK : io_error(file, error, "written", why);
}

/* The new name is safe when its directory is.  `temporary` is not needed any
 * more, and has room for the name of that. */
static sluice_status sync_directory(sluice_file *file, sluice_diag *why)
{
    char *directory = file->temporary;
    memcpy(directory, file->path, file->name_bytes);
    char *slash = strrchr(directory, '/');
    if (slash)
        slash[slash == directory] = '\0';
    else
        strcpy(directory, ".");
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && !fsync(fd);
    int error = errno;
    if (fd >= 0)
        close(fd);
    return synced ? SLUICE_OK
                  : io_error(file, error, "made safe in its directory", why);
}

sluice_status sluice_file_commit(sluice_file *file, sluice_diag *why)
{
    if (file->failed || file->fd < 0)
        return sluice_diag_set(why, SLUICE_IO,
                               "%.150s: is not complete, or complete already: "
                               "cannot be committed",
                               file->path);
    sluice_status st = close_file(file, why);
    if (st)
        return st;
    if (rename(file->temporary, file->path))
        return io_error(file, errno, "renamed", why);
    file->exists = false;
    return sync_directory(file, why);
}

void sluice_file_destroy(sluice_file *file)
{
    if (!file)
        return;
    if (file->fd >= 0)
        close(file->fd);
    if (file->exists)
        unlink(file->temporary);
    free_all(file);
}
