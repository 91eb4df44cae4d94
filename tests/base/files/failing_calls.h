/*
 * Calls into the system that fail on demand, and a directory to write files in.
 * For one file of tests, whose program the linker gives these calls.
 */
#ifndef SL_TEST_BASE_FILES_FAILING_CALLS_H
#define SL_TEST_BASE_FILES_FAILING_CALLS_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/files/file.h"
#include "support/guarded.h"
#include "support/runner.h"

enum { KILLED = 99 }; /* exit status of a child that ends as if killed */

/* The linker sends the library's calls here. */
int __real_open(const char *name, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t n);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_close(int fd);
int __wrap_open(const char *name, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_close(int fd);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

static long n_calls;      /* since fail_call() */
static long fail_at;      /* number of the call that fails; 0: none */
static long die_at;       /* of that at which the process ends; 0: none */
static int fail_with;     /* its errno */
static bool interrupting; /* every other write is interrupted, or short */
static bool writes_none;  /* no write writes anything */

static inline void fail_call(long at, int error)
{
    n_calls = 0;
    fail_at = at;
    fail_with = error;
}

static inline bool fails(void)
{
    ++n_calls;
    if (n_calls == die_at)
        _exit(KILLED);
    if (n_calls != fail_at)
        return false;
    errno = fail_with;
    return true;
}

int __wrap_open(const char *name, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return fails() ? -1 : __real_open(name, flags, mode);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    static unsigned turn;
    if (interrupting && turn++ % 2) {
        errno = EINTR;
        return -1;
    }
    if (writes_none) {
        errno = 0;
        return 0;
    }
    return fails() ? -1 : __real_write(fd, bytes, interrupting ? 1 : n);
}

int __wrap_fsync(int fd)
{
    return fails() ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    return fails() ? -1 : __real_rename(from, to);
}

/* As Linux has it: closed also if it fails. */
int __wrap_close(int fd)
{
    bool failed = fails();
    int error = errno;
    __real_close(fd);
    errno = error;
    return failed ? -1 : 0;
}

static int poll_fails; /* the errno of the next one */
static int n_polls;

/* There is room at once. */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
    ck_assert_int_eq(fds->events, POLLOUT);
    ck_assert(n == 1 && timeout == -1);
    errno = poll_fails;
    poll_fails = 0;
    n_polls++;
    return errno ? -1 : 1;
}

static char dir[] = "/tmp/sluice-base-XXXXXX";
static char path[64];
static char other[64];

static inline void put(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static inline const char *content(const char *name)
{
    static char got[64];
    FILE *file = fopen(name, "r");
    ck_assert_ptr_nonnull(file);
    size_t n = fread(got, 1, sizeof got - 1, file);
    fclose(file);
    got[n] = '\0';
    return got;
}

static inline int n_entries(void)
{
    int n = 0;
    DIR *d = opendir(dir);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static inline void enter(void)
{
    fail_call(0, 0);
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/table", dir);
    snprintf(other, sizeof other, "%s/other", dir);
}

static inline void leave(void)
{
    unlink(path);
    unlink(other);
    ck_assert_int_eq(rmdir(dir), 0);
}

static inline sluice_status save(const char *text, sluice_diag *why)
{
    return sl_file_put(path, text, strlen(text), &guarded, why);
}

#endif
