/* A file that is there as a whole or not at all.  One thread at a time. */
#include "base/files/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static sluice_status io_error(struct sl_file *file, int error, const char *verb,
                              sluice_diag *why)
{
    char text[96];
    file->failed = true;
    return sluice_diag_set(why, SLUICE_IO, "%.150s: cannot be %s: %s",
                           file->path, verb,
                           strerror_r(error, text, sizeof text));
}

sluice_status sl_file_init(struct sl_file *file, const char *path,
                           const sluice_allocator *allocator, sluice_diag *why)
{
    size_t n = strlen(path) + 1;
    if (n == 1)
        return sluice_diag_set(why, SLUICE_IO,
                               "a file cannot be created without a name");
    size_t room = n > PATH_MAX ? n : PATH_MAX;
    *file = (struct sl_file){
        .allocator = allocator,
        .bytes = n + 2 * room + SL_FILE_SUFFIX,
        .fd = -1,
    };
    file->path = sl_alloc(allocator, file->bytes, 1);
    if (!file->path)
        return sl_no_memory(why, "the names of a file");
    file->target = file->path + n;
    file->temporary = file->target + room;
    memcpy(file->path, path, n);
    memcpy(file->target, path, n);
    int error = sl_file_open(file);
    if (!error)
        return SLUICE_OK;
    sluice_status st = io_error(file, error, "created", why);
    sl_file_fini(file);
    return st;
}

/* Until a descriptor that does not wait can take more; 0 or an errno. */
static int wait_for_room(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLOUT};
    return poll(&wanted, 1, -1) < 0 && errno != EINTR ? errno : 0;
}

sluice_status sl_file_write(struct sl_file *file, const char *bytes, size_t n,
                            sluice_diag *why)
{
    while (n) {
        ssize_t m = write(file->fd, bytes, n);
        int error = m < 0 ? errno : m ? 0 : EIO;
        if (error == EAGAIN)
            error = wait_for_room(file->fd);
        else if (error == EINTR)
            error = 0;
        if (error)
            return io_error(file, error, "written", why);
        if (m > 0) {
            bytes += m;
            n -= (size_t)m;
        }
    }
    return SLUICE_OK;
}

/* An error of fsync() is final: what was not written may be forgotten.  EINVAL
 * says that there is nothing to sync: a pipe, some file systems' directories.
 * Returns 0 or an errno. */
static int sync_descriptor(int fd)
{
    return fsync(fd) && errno != EINVAL && errno != EROFS ? errno : 0;
}

/* The new name is safe when its directory is.  `temporary` is not needed any
 * more, and has room for the name of that.  Returns 0 or an errno. */
static int sync_directory(struct sl_file *file)
{
    sl_file_directory(file, file->temporary);
    int fd = open(file->temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = sync_descriptor(fd);
    close(fd);
    return error;
}

/* The lock on the temporary file ends with its descriptor, so not before it is
 * no temporary file any more. */
static sluice_status give_name(struct sl_file *file, sluice_diag *why)
{
    if (rename(file->temporary, file->target))
        return io_error(file, errno, "renamed", why);
    file->exists = false;
    int error = sync_directory(file);
    if (error)
        return io_error(file, error, "made safe in its directory", why);
    return SLUICE_OK;
}

sluice_status sl_file_commit(struct sl_file *file, sluice_diag *why)
{
    if (file->failed || file->fd < 0)
        return sluice_diag_set(why, SLUICE_IO,
                               "%.150s: is not complete, or complete already: "
                               "cannot be committed",
                               file->path);
    int error = sync_descriptor(file->fd);
    if (error)
        return io_error(file, error, "written", why);
    sluice_status st = file->in_place ? SLUICE_OK : give_name(file, why);
    if (close(file->fd) && file->in_place && errno != EINTR)
        st = io_error(file, errno, "written", why);
    file->fd = -1;
    return st;
}

void sl_file_fini(struct sl_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    if (file->exists)
        unlink(file->temporary);
    sl_free(file->allocator, file->path, file->bytes, 1);
    *file = (struct sl_file){.fd = -1};
}

sluice_status sl_file_put(const char *path, const char *text, size_t n,
                          const sluice_allocator *allocator, sluice_diag *why)
{
    struct sl_file file;
    sluice_status st = sl_file_init(&file, path, allocator, why);
    if (st)
        return st;
    st = sl_file_write(&file, text, n, why);
    if (!st)
        st = sl_file_commit(&file, why);
    sl_file_fini(&file);
    return st;
}
