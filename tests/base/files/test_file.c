/*
 * Files that are there as a whole or not at all: what a path may stand for, and
 * every call into the system that may fail.
 */
#include "base/files/file.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "base/files/failing_calls.h"

static mode_t mode_of(const char *name)
{
    struct stat about;
    ck_assert_int_eq(stat(name, &about), 0);
    return about.st_mode & 0777;
}

START_TEST(whatever_call_fails_the_file_is_the_old_or_the_new_one)
{
    static const int errors[] = {EIO, ENOSPC, EACCES};
    for (int e = 0; e < 3; e++) {
        sluice_status st = SLUICE_IO;
        long at = 1;
        for (; st || n_calls >= fail_at; at++) {
            sluice_diag why = {.status = SLUICE_OK};
            enter();
            put(path, "old");
            fail_call(at, errors[e]);
            st = save("new", &why);
            long reached = n_calls;
            fail_call(0, 0);
            bool is_new = !st || strstr(why.text, "in its directory");
            ck_assert_str_eq(content(path), is_new ? "new" : "old");
            ck_assert_int_eq(n_entries(), 1);
            ck_assert(!st || strstr(why.text, strerror(errors[e])));
            leave();
            n_calls = reached;
            fail_at = at;
        }
        /* open, write, fsync, rename; of the directory open, fsync, close;
         * close */
        ck_assert_int_ge(at - 2, 8);
    }
}
END_TEST

/* Save in a child that is killed before call `at`; true if it came that far. */
static bool die_before(long at)
{
    int status;
    pid_t pid = fork();
    if (!pid) {
        fail_call(0, 0);
        die_at = at;
        _exit(save("new", NULL) != SLUICE_OK);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert(WEXITSTATUS(status) == KILLED || !status);
    return status;
}

START_TEST(wherever_a_writer_is_killed_the_file_is_the_old_or_the_new_one)
{
    long at = 0;
    bool killed, was_new = false;
    do {
        enter();
        put(path, "old");
        killed = die_before(++at);
        bool is_new = !strcmp(content(path), "new");
        ck_assert(is_new || !strcmp(content(path), "old"));
        ck_assert(is_new || !was_new); /* from some call on it is the new one */
        was_new = is_new;
        ck_assert_int_le(n_entries(), 2);
        ck_assert_int_eq(save("next", NULL), SLUICE_OK);
        ck_assert_str_eq(content(path), "next");
        ck_assert_int_eq(n_entries(), 1); /* what was left is gone */
        leave();
    } while (killed);
    ck_assert(was_new);
    ck_assert_int_ge(at - 1, 8);
}
END_TEST

START_TEST(interrupted_and_short_writes_are_gone_on_with)
{
    sluice_diag why;
    enter();
    interrupting = true;
    sluice_status st = save("a text of some length", &why);
    interrupting = false;
    ck_assert_int_eq(st, SLUICE_OK);
    ck_assert_str_eq(content(path), "a text of some length");
    leave();
}
END_TEST

START_TEST(the_permissions_of_the_old_file_are_kept)
{
    static const mode_t modes[] = {0600, 0640, 0755, 0666};
    for (int i = 0; i < 4; i++) {
        enter();
        put(path, "old");
        ck_assert_int_eq(chmod(path, modes[i]), 0);
        ck_assert_int_eq(save("new", NULL), SLUICE_OK);
        ck_assert_str_eq(content(path), "new");
        ck_assert_uint_eq(mode_of(path), modes[i]);
        leave();
    }
}
END_TEST

/* Whoever may write everything becomes somebody else for that. */
START_TEST(a_file_that_may_not_be_written_is_not_replaced)
{
    enum { SOMEBODY = 65534 };
    sluice_diag why;
    uid_t was = geteuid();
    enter();
    put(path, "old");
    ck_assert_int_eq(chmod(path, 0444), 0);
    ck_assert_int_eq(chmod(dir, 0777), 0);
    ck_assert_int_eq(was ? 0 : seteuid(SOMEBODY), 0);
    sluice_status st = save("new", &why);
    ck_assert_int_eq(was ? 0 : seteuid(was), 0);
    ck_assert_int_eq(st, SLUICE_IO);
    ck_assert(strstr(why.text, "Permission denied") != NULL);
    ck_assert_str_eq(content(path), "old");
    ck_assert_int_eq(n_entries(), 1);
    leave();
}
END_TEST

START_TEST(a_link_is_followed_and_stays)
{
    struct stat about;
    enter();
    put(other, "old");
    ck_assert_int_eq(symlink("other", path), 0);
    ck_assert_int_eq(save("new", NULL), SLUICE_OK);
    ck_assert_int_eq(lstat(path, &about), 0);
    ck_assert(S_ISLNK(about.st_mode));
    ck_assert_str_eq(content(other), "new");
    ck_assert_int_eq(n_entries(), 2);
    leave();
}
END_TEST

START_TEST(a_link_to_nothing_makes_what_it_names)
{
    struct stat about;
    enter();
    ck_assert_int_eq(symlink("other", path), 0);
    ck_assert_int_eq(save("new", NULL), SLUICE_OK);
    ck_assert_int_eq(lstat(path, &about), 0);
    ck_assert(S_ISLNK(about.st_mode));
    ck_assert_str_eq(content(other), "new");
    leave();
}
END_TEST

START_TEST(a_pipe_is_written_in_place)
{
    char got[8] = "";
    enter();
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    int fd = __real_open(path, O_RDWR | O_NONBLOCK);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(save("new", NULL), SLUICE_OK);
    ck_assert_int_eq(read(fd, got, sizeof got - 1), 3);
    ck_assert_str_eq(got, "new");
    close(fd);
    ck_assert_int_eq(n_entries(), 1);
    leave();
}
END_TEST

START_TEST(a_device_is_written_in_place_and_its_errors_are_told)
{
    sluice_diag why;
    ck_assert_int_eq(sl_file_put("/dev/null", "new", 3, NULL, &why), SLUICE_OK);
    ck_assert_int_eq(sl_file_put("/dev/full", "new", 3, NULL, &why), SLUICE_IO);
    ck_assert_str_eq(why.text, "/dev/full: cannot be written: No space left on "
                               "device");
}
END_TEST

START_TEST(files_that_are_open_are_written_in_place_and_others_below_dev_not)
{
    static const char kept[] = "/dev/shm/sluice-base-test";
    char name[32];
    enter();
    put(path, "older");
    int fd = __real_open(path, O_RDWR);
    snprintf(name, sizeof name, "/dev/fd/%d", fd);
    ck_assert_int_eq(sl_file_put(name, "new", 3, NULL, NULL), SLUICE_OK);
    close(fd);
    ck_assert_str_eq(content(path), "new");
    ck_assert_int_eq(n_entries(), 1);
    leave();
    if (access("/dev/shm", W_OK))
        return; /* there is none */
    put(kept, "old");
    fail_call(2, ENOSPC); /* the write, after the open */
    sluice_status st = sl_file_put(kept, "new", 3, NULL, NULL);
    fail_call(0, 0);
    ck_assert_int_eq(st, SLUICE_IO);
    ck_assert_str_eq(content(kept), "old");
    unlink(kept);
}
END_TEST

/* As `tool --draw /dev/stderr 2>file`: what stands there already stays. */
START_TEST(the_file_of_a_standard_stream_is_written_on)
{
    enter();
    int was = dup(STDERR_FILENO);
    int fd = __real_open(path, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(dup2(fd, STDERR_FILENO), 0);
    close(fd);
    ck_assert_int_eq(__real_write(STDERR_FILENO, "1 ", 2), 2);
    sluice_status by_stream = sl_file_put("/dev/stderr", "2 ", 2, NULL, NULL);
    sluice_status by_name = save("3 ", NULL);
    ssize_t n = __real_write(STDERR_FILENO, "4", 1);
    dup2(was, STDERR_FILENO);
    close(was);
    ck_assert_int_eq(by_stream, SLUICE_OK);
    ck_assert_int_eq(by_name, SLUICE_OK);
    ck_assert_int_eq(n, 1);
    ck_assert_str_eq(content(path), "1 2 3 4");
    leave();
}
END_TEST

/* A writer in a process of its own that ends without a word, having waited for
 * the end of `until` (-1: at once). */
static pid_t start_writer(int until, int told)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    struct sl_file file;
    char byte;
    if (sl_file_init(&file, path, NULL, NULL) ||
        sl_file_write(&file, "half", 4, NULL) || __real_write(told, "", 1) != 1)
        _exit(1);
    if (until >= 0 && read(until, &byte, 1) < 0)
        _exit(1);
    _exit(0);
}

static void check_ended(pid_t pid)
{
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

START_TEST(what_a_killed_writer_left_is_removed_by_the_next)
{
    int told[2];
    enter();
    ck_assert_int_eq(pipe(told), 0);
    check_ended(start_writer(-1, told[1]));
    check_ended(start_writer(-1, told[1]));
    ck_assert_int_eq(n_entries(), 1); /* the second removed the first one's */
    ck_assert_int_eq(save("new", NULL), SLUICE_OK);
    ck_assert_int_eq(n_entries(), 1);
    ck_assert_str_eq(content(path), "new");
    close(told[0]);
    close(told[1]);
    leave();
}
END_TEST

START_TEST(what_a_living_writer_writes_stays)
{
    int told[2], until[2];
    char byte;
    enter();
    ck_assert_int_eq(pipe(told), 0);
    ck_assert_int_eq(pipe(until), 0);
    pid_t pid = start_writer(until[0], told[1]);
    ck_assert_int_eq(read(told[0], &byte, 1), 1);
    ck_assert_int_eq(save("new", NULL), SLUICE_OK);
    ck_assert_int_eq(n_entries(), 2);
    ck_assert_int_eq(__real_write(until[1], "", 1), 1);
    check_ended(pid);
    ck_assert_int_eq(save("newer", NULL), SLUICE_OK);
    ck_assert_int_eq(n_entries(), 1);
    for (int i = 0; i < 2; i++) {
        close(told[i]);
        close(until[i]);
    }
    leave();
}
END_TEST

START_TEST(files_of_other_names_stay)
{
    static const char *const names[] = {
        "table.tmp",        "table.1.tmp",     "table.1-.tmp",
        "table.-1.tmp",     "table.1-1.tmp.x", "tables.1-1.tmp",
        "my-table.1-1.tmp", "table.1x-1.tmp",  "table.1-1x.tmp",
    };
    enum { N = (int)(sizeof names / sizeof *names) };
    char name[N][96];
    enter();
    for (int i = 0; i < N; i++) {
        snprintf(name[i], sizeof name[i], "%s/%s", dir, names[i]);
        put(name[i], "mine");
    }
    ck_assert_int_eq(save("new", NULL), SLUICE_OK);
    ck_assert_int_eq(n_entries(), N + 1);
    for (int i = 0; i < N; i++)
        unlink(name[i]);
    leave();
}
END_TEST

SLUICE_TEST_MAIN(
    "base.file", whatever_call_fails_the_file_is_the_old_or_the_new_one,
    wherever_a_writer_is_killed_the_file_is_the_old_or_the_new_one,
    interrupted_and_short_writes_are_gone_on_with,
    the_permissions_of_the_old_file_are_kept,
    a_file_that_may_not_be_written_is_not_replaced,
    a_link_is_followed_and_stays, a_link_to_nothing_makes_what_it_names,
    a_pipe_is_written_in_place,
    a_device_is_written_in_place_and_its_errors_are_told,
    files_that_are_open_are_written_in_place_and_others_below_dev_not,
    the_file_of_a_standard_stream_is_written_on,
    what_a_killed_writer_left_is_removed_by_the_next,
    what_a_living_writer_writes_stays, files_of_other_names_stay)
