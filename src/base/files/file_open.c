/* Opening a file to be written.  One thread at a time. */
#include "base/files/file_open.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ATTEMPTS = 100, /* to find a name that is free */
    NEW_MODE = S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH,
};

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The standard stream that goes to this very file, or -1. */
static int standard_stream(const struct stat *about)
{
    struct stat stream;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (!fstat(fd, &stream) && same_file(about, &stream))
            return fd;
    return -1;
}

/* Names that stand for what a process has open. */
static bool is_special(const char *path)
{
    static const char *const starts[] = {"/dev/fd/", "/dev/std", "/proc/"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (!strncmp(path, starts[i], strlen(starts[i])))
            return true;
    return false;
}

/* Returns 0 or an errno.  `flags` say what else to do than to write. */
static int open_in_place(struct sl_file *file, int flags)
{
    file->in_place = true;
    do
        file->fd =
            open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY | flags, NEW_MODE);
    while (file->fd < 0 && errno == EINTR);
    return file->fd < 0 ? errno : 0;
}

/* A second descriptor writes on where the stream is. */
static int open_stream(struct sl_file *file, int stream)
{
    file->in_place = true;
    file->fd = fcntl(stream, F_DUPFD_CLOEXEC, 0);
    return file->fd < 0 ? errno : 0;
}

size_t sl_file_directory(const struct sl_file *file, char *directory)
{
    const char *slash = strrchr(file->target, '/');
    size_t n = slash ? (size_t)(slash - file->target) + 1 : 0;
    memcpy(directory, file->target, n);
    strcpy(directory + n, ".");
    return n;
}

/* Whether `name` is PREFIX.PID-N.tmp, as open_temporary() makes them. */
static bool is_temporary_of(const char *name, const char *prefix)
{
    static const char digits[] = "0123456789";
    size_t n = strlen(prefix);
    if (strncmp(name, prefix, n) || name[n] != '.')
        return false;
    name += n + 1;
    size_t pid = strspn(name, digits);
    if (!pid || name[pid] != '-')
        return false;
    name += pid + 1;
    size_t number = strspn(name, digits);
    return number && !strcmp(name + number, ".tmp");
}

static void remove_unless_locked(int directory, const char *name)
{
    struct stat about;
    int fd = openat(directory, name,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return;
    if (!fstat(fd, &about) && S_ISREG(about.st_mode) &&
        !flock(fd, LOCK_EX | LOCK_NB))
        unlinkat(directory, name, 0);
    close(fd);
}

/* What cannot be removed does no harm.  Uses `temporary` for a name. */
static void remove_stale(struct sl_file *file)
{
    size_t n = sl_file_directory(file, file->temporary);
    DIR *directory = opendir(file->temporary);
    if (!directory)
        return;
    for (struct dirent *e; (e = readdir(directory));)
        if (is_temporary_of(e->d_name, file->target + n))
            remove_unless_locked(dirfd(directory), e->d_name);
    closedir(directory);
}

/* A writer that came between open() and flock() took it for a stale one, if it
 * has no name any more. */
static bool lock(int fd)
{
    struct stat about;
    flock(fd, LOCK_EX | LOCK_NB); /* not every file system has locks */
    return !fstat(fd, &about) && about.st_nlink > 0;
}

/* Open under a name that is ours: O_EXCL follows no link laid out for us.
 * Returns 0 or an errno. */
static int open_temporary(struct sl_file *file, mode_t mode)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        sprintf(file->temporary, "%s.%ld-%d.tmp", file->target, (long)getpid(),
                i);
        file->fd =
            open(file->temporary,
                 O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, mode);
        if (file->fd < 0 && errno != EEXIST && errno != EINTR)
            return errno;
        if (file->fd < 0)
            continue;
        if (lock(file->fd))
            return 0;
        close(file->fd);
        file->fd = -1;
    }
    return EEXIST;
}

/* A group that we may not give the file to gets no rights by it. */
static void keep_permissions(int fd, const struct stat *old)
{
    struct stat is;
    mode_t mode = old->st_mode & (S_IRWXU | S_IRWXG | S_IRWXO);
    bool same =
        !fstat(fd, &is) && is.st_uid == old->st_uid && is.st_gid == old->st_gid;
    if (!same && fchown(fd, old->st_uid, old->st_gid))
        mode &= ~(mode_t)S_IRWXG;
    fchmod(fd, mode); /* some file systems have no permissions */
}

/* Returns 0 or an errno. */
static int open_beside(struct sl_file *file, const struct stat *old)
{
    mode_t mode = old ? old->st_mode & NEW_MODE : NEW_MODE;
    if (old && faccessat(AT_FDCWD, file->target, W_OK, AT_EACCESS))
        return errno;
    remove_stale(file);
    int error = open_temporary(file, mode);
    if (error)
        return error;
    file->exists = true;
    if (old)
        keep_permissions(file->fd, old);
    return 0;
}

int sl_file_open(struct sl_file *file)
{
    struct stat about, link;
    bool is_link = !lstat(file->path, &link) && S_ISLNK(link.st_mode);
    if (stat(file->path, &about)) {
        if (errno != ENOENT)
            return errno;
        return is_link ? open_in_place(file, O_CREAT) : open_beside(file, NULL);
    }
    if (S_ISDIR(about.st_mode))
        return EISDIR;
    int stream = standard_stream(&about);
    if (stream >= 0)
        return open_stream(file, stream);
    if (!S_ISREG(about.st_mode))
        return open_in_place(file, 0);
    if (is_special(file->path))
        return open_in_place(file, O_TRUNC);
    if (is_link && !realpath(file->path, file->target))
        return errno;
    return open_beside(file, &about);
}
