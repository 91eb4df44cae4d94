/* Files that are there as a whole or not at all: errors that are none, and
 * descriptors. */
#include "base/files/file.h"

#include <limits.h>

#include "base/files/failing_calls.h"

START_TEST(a_descriptor_that_does_not_wait_is_waited_for)
{
    static const struct {
        int error;
        sluice_status st;
    } polls[] = {{0, SLUICE_OK}, {EINTR, SLUICE_OK}, {EIO, SLUICE_IO}};
    for (int i = 0; i < 3; i++) {
        sluice_diag why = {.text = ""};
        enter();
        fail_call(2, EAGAIN); /* the write, after the open */
        poll_fails = polls[i].error;
        n_polls = 0;
        ck_assert_int_eq(save("new", &why), polls[i].st);
        ck_assert_int_eq(n_polls, 1);
        if (polls[i].st)
            ck_assert_ptr_nonnull(strstr(why.text, strerror(EIO)));
        else
            ck_assert_str_eq(content(path), "new");
        leave();
    }
}
END_TEST

static sluice_status put_there(const char *name)
{
    return sl_file_put(name, "new", 3, NULL, NULL);
}

/* Which call closes the file: the last one. */
START_TEST(an_error_of_closing_counts_where_it_was_written_in_place)
{
    enter();
    fail_call(0, 0);
    ck_assert_int_eq(put_there("/dev/null"), SLUICE_OK);
    long last = n_calls;
    fail_call(last, EIO);
    ck_assert_int_eq(put_there("/dev/null"), SLUICE_IO);
    fail_call(last, EINTR);
    ck_assert_int_eq(put_there("/dev/null"), SLUICE_OK);
    fail_call(0, 0);
    ck_assert_int_eq(put_there(path), SLUICE_OK);
    fail_call(n_calls, EIO);
    ck_assert_int_eq(put_there(path), SLUICE_OK); /* it is safe already */
    fail_call(0, 0);
    leave();
}
END_TEST

START_TEST(what_cannot_be_synced_is_no_error)
{
    static const int errors[] = {EINVAL, EROFS, EIO};
    enter();
    for (int i = 0; i < 3; i++) {
        fail_call(3, errors[i]); /* open, write, fsync */
        ck_assert_int_eq(put_there(path), i < 2 ? SLUICE_OK : SLUICE_IO);
    }
    fail_call(0, 0);
    leave();
}
END_TEST

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(descriptor_0_is_one_like_any_other)
{
    struct sl_file file;
    int was = dup(STDIN_FILENO);
    enter();
    __real_close(STDIN_FILENO);
    ck_assert_int_eq(save("new", NULL), SLUICE_OK); /* the file is it */
    ck_assert(!is_open(STDIN_FILENO));
    ck_assert(!sl_file_init(&file, path, NULL, NULL));
    ck_assert_int_eq(file.fd, STDIN_FILENO);
    sl_file_fini(&file);
    ck_assert(!is_open(STDIN_FILENO));
    ck_assert_int_ge(dup2(was, STDIN_FILENO), 0);
    ck_assert(!sl_file_init(&file, path, NULL, NULL));
    __real_close(STDIN_FILENO); /* the directory is it */
    ck_assert(!sl_file_write(&file, "newer", 5, NULL));
    errno = EIO;
    ck_assert(!sl_file_commit(&file, NULL));
    ck_assert(!is_open(STDIN_FILENO));
    sl_file_fini(&file);
    ck_assert_str_eq(content(path), "newer");
    ck_assert_int_ge(dup2(was, STDIN_FILENO), 0);
    __real_close(was);
    leave();
}
END_TEST

START_TEST(a_file_that_has_failed_or_is_committed_is_not_committed)
{
    struct sl_file file;
    sluice_diag why;
    enter();
    ck_assert(!sl_file_init(&file, path, NULL, NULL));
    fail_call(1, EIO);
    ck_assert_int_eq(sl_file_write(&file, "new", 3, NULL), SLUICE_IO);
    fail_call(0, 0);
    ck_assert_int_eq(sl_file_commit(&file, &why), SLUICE_IO);
    ck_assert_ptr_nonnull(strstr(why.text, "is not complete"));
    sl_file_fini(&file);
    ck_assert_int_eq(n_entries(), 0);
    ck_assert(!sl_file_init(&file, path, NULL, NULL));
    ck_assert(!sl_file_commit(&file, NULL));
    ck_assert_int_eq(sl_file_commit(&file, &why), SLUICE_IO);
    sl_file_fini(&file);
    leave();
}
END_TEST

START_TEST(a_write_that_writes_nothing_is_an_error)
{
    sluice_diag why = {.text = ""};
    enter();
    writes_none = true;
    sluice_status st = save("new", &why);
    writes_none = false;
    ck_assert_int_eq(st, SLUICE_IO);
    ck_assert_ptr_nonnull(strstr(why.text, strerror(EIO)));
    ck_assert_int_eq(n_entries(), 0);
    leave();
}
END_TEST

START_TEST(a_path_longer_than_any_is_refused)
{
    char longer[PATH_MAX + 128];
    for (size_t n = PATH_MAX - 64; n < sizeof longer; n++) {
        memset(longer, 'a', n);
        longer[n] = '\0';
        ck_assert_int_eq(sl_file_put(longer, "new", 3, &guarded, NULL),
                         SLUICE_IO);
    }
}
END_TEST

SLUICE_TEST_MAIN("base.file_errors",
                 a_descriptor_that_does_not_wait_is_waited_for,
                 an_error_of_closing_counts_where_it_was_written_in_place,
                 what_cannot_be_synced_is_no_error,
                 descriptor_0_is_one_like_any_other,
                 a_file_that_has_failed_or_is_committed_is_not_committed,
                 a_write_that_writes_nothing_is_an_error,
                 a_path_longer_than_any_is_refused)
