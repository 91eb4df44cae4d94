/* A save or a load that fails or is killed at any call into the system, or at
 * any allocation, leaves the old one or the new one. */
#include <sluice/checkpoint.h>
#include <sluice/pipeline_state.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "saved.h"
#include "support/allocator.h"
#include "support/runner.h"

enum { KILLED = 99 };

/* The linker sends the library's calls here. */
int __real_open(const char *name, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __real_pread(int fd, void *bytes, size_t n, off_t at);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_close(int fd);
int __wrap_open(const char *name, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_pread(int fd, void *bytes, size_t n, off_t at);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_close(int fd);

static long n_calls;  /* since arm() */
static long fail_at;  /* number of the call that fails; 0: none */
static int fail_with; /* its errno; 0: the process ends there */

static void arm(long at, int error)
{
    n_calls = 0;
    fail_at = at;
    fail_with = error;
}

static bool fails(void)
{
    if (++n_calls != fail_at)
        return false;
    if (!fail_with)
        _exit(KILLED);
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

/* Short, so that a file takes several. */
ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    return fails() ? -1 : __real_write(fd, bytes, n < 1024 ? n : 1024);
}

/* The same of reading. */
ssize_t __wrap_pread(int fd, void *bytes, size_t n, off_t at)
{
    return fails() ? -1 : __real_pread(fd, bytes, n < 256 ? n : 256, at);
}

int __wrap_fsync(int fd)
{
    return fails() ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    return fails() ? -1 : __real_rename(from, to);
}

int __wrap_close(int fd)
{
    bool failed = fails();
    int error = errno;
    __real_close(fd);
    errno = error;
    return failed ? -1 : 0;
}

/* Save the first of two contents; then the second one, which fails. */
static void save_both(struct saved *f, struct saved_content contents[2])
{
    ck_assert_int_eq(sluice_checkpoint_save(f->pipe, NULL, saved_path, NULL),
                     SLUICE_OK);
    saved_get(f, &contents[0]);
    saved_step(f);
    saved_get(f, &contents[1]);
}

/* Which of two contents the file has. */
static int loaded(struct saved *f, const struct saved_content contents[2])
{
    struct saved_content is;
    ck_assert_int_eq(
        sluice_checkpoint_load(f->pipe, saved_path, NULL, NULL, NULL),
        SLUICE_OK);
    saved_get(f, &is);
    ck_assert(saved_is_same(&is, &contents[0]) ||
              saved_is_same(&is, &contents[1]));
    return saved_is_same(&is, &contents[1]);
}

START_TEST(whatever_call_fails_the_checkpoint_is_the_old_or_the_new_one)
{
    static const int errors[] = {EIO, ENOSPC, EINTR};
    for (int e = 0; e < 3; e++) {
        bool reached = true;
        long at = 1;
        for (; reached; at++) {
            struct saved f;
            struct saved_content contents[2];
            sluice_diag why = {.status = SLUICE_OK};
            saved_begin(&f, NULL);
            save_both(&f, contents);
            arm(at, errors[e]);
            sluice_status st =
                sluice_checkpoint_save(f.pipe, NULL, saved_path, &why);
            reached = n_calls >= at;
            arm(0, 0);
            bool is_new = !st || strstr(why.text, "in its directory");
            ck_assert_int_eq(loaded(&f, contents), is_new);
            ck_assert_int_eq(saved_n_entries(), 1);
            saved_end(&f);
        }
        ck_assert_int_gt(at, 8);
    }
}
END_TEST

START_TEST(wherever_a_save_is_killed_the_checkpoint_is_the_old_or_the_new_one)
{
    int status = KILLED, n_new = 0;
    long at = 0;
    while (status) {
        struct saved f;
        struct saved_content contents[2];
        saved_begin(&f, NULL);
        save_both(&f, contents);
        at++;
        pid_t pid = fork();
        if (!pid) {
            arm(at, 0);
            _exit(sluice_checkpoint_save(f.pipe, NULL, saved_path, NULL) !=
                  SLUICE_OK);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(!status || WEXITSTATUS(status) == KILLED);
        n_new += loaded(&f, contents);
        ck_assert_int_eq(sluice_checkpoint_save(f.pipe, NULL, saved_path, NULL),
                         SLUICE_OK);
        ck_assert_int_eq(saved_n_entries(), 1); /* what was left is gone */
        saved_end(&f);
    }
    ck_assert_int_gt(at, 8);
    ck_assert_int_gt(n_new, 1);
}
END_TEST

/* An interrupted call is made again; after any other error all is as it was. */
START_TEST(whatever_call_of_a_load_fails_the_pipeline_is_the_old_or_the_new_one)
{
    static const int errors[] = {EIO, EINTR};
    for (int e = 0; e < 2; e++) {
        bool reached = true;
        long at = 1;
        struct saved f;
        struct saved_content contents[2], is;
        saved_begin(&f, NULL);
        save_both(&f, contents);
        for (; reached; at++) {
            sluice_pipeline_set_n_steps(f.pipe, 77);
            saved_get(&f, &contents[1]);
            arm(at, errors[e]);
            sluice_status st =
                sluice_checkpoint_load(f.pipe, saved_path, NULL, NULL, NULL);
            reached = n_calls >= at;
            arm(0, 0);
            saved_get(&f, &is);
            ck_assert(!st || (st == SLUICE_IO && errors[e] == EIO));
            ck_assert(saved_is_same(&is, &contents[st ? 1 : 0]));
        }
        ck_assert_int_gt(at, 8);
        saved_end(&f);
    }
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    struct sl_test_allocator memory;
    struct saved f;
    struct saved_content contents[2];
    sl_test_allocator_init(&memory);
    saved_begin(&f, &memory.hooks);
    save_both(&f, contents);
    long live = memory.n_live;
    for (int saves = 1; saves >= 0; saves--) {
        sluice_status st = SLUICE_NO_MEMORY;
        long at = 0;
        while (st == SLUICE_NO_MEMORY && at++ < 1000) {
            sl_test_allocator_arm(&memory, at, false);
            st = saves ? sluice_checkpoint_save(f.pipe, NULL, saved_path, NULL)
                       : sluice_checkpoint_load(f.pipe, saved_path, NULL, NULL,
                                                NULL);
            sl_test_allocator_arm(&memory, 0, false);
            ck_assert_int_eq(memory.n_live, live);
            struct saved_content is;
            saved_get(&f, &is);
            ck_assert(saved_is_same(&is, &contents[1]));
        }
        ck_assert_int_eq(st, SLUICE_OK);
        ck_assert_int_gt(at, 4);
    }
    ck_assert_int_eq(memory.n_wrong, 0);
    saved_end(&f);
}
END_TEST

SLUICE_TEST_MAIN(
    "checkpoint.faults",
    whatever_call_fails_the_checkpoint_is_the_old_or_the_new_one,
    wherever_a_save_is_killed_the_checkpoint_is_the_old_or_the_new_one,
    whatever_call_of_a_load_fails_the_pipeline_is_the_old_or_the_new_one,
    every_allocation_may_fail)
