/* A file that is there as a whole or not at all. */
#include <sluice/report.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/runner.h"

static char dir[] = "/tmp/sluice-file-XXXXXX";
static char path[64];

static void put(const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void check_content(const char *text)
{
    char got[64] = "";
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    size_t n = fread(got, 1, sizeof got - 1, file);
    fclose(file);
    got[n] = '\0';
    ck_assert_str_eq(got, text);
}

static int n_entries(void)
{
    int n = 0;
    DIR *d = opendir(dir);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void enter(void)
{
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/picture.svg", dir);
}

static void leave(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(dir), 0);
}

static sluice_status say(sluice_file *file, const char *text, sluice_diag *why)
{
    sluice_sink sink = sluice_file_sink(file);
    return sink.write(sink.context, text, strlen(text), why);
}

START_TEST(a_commit_replaces_the_old_file_and_leaves_nothing_else)
{
    sluice_file *file;
    struct stat about;
    enter();
    put("old");
    ck_assert_int_eq(sluice_file_create(path, NULL, &file, NULL), SLUICE_OK);
    ck_assert_int_eq(say(file, "ne", NULL), SLUICE_OK);
    ck_assert_int_eq(say(file, "w", NULL), SLUICE_OK);
    check_content("old");
    ck_assert_int_eq(sluice_file_commit(file, NULL), SLUICE_OK);
    sluice_file_destroy(file);
    check_content("new");
    ck_assert_int_eq(n_entries(), 1);
    /* Not for its owner alone, but as the user's mask has it. */
    mode_t mask = umask(0);
    umask(mask);
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_int_eq(about.st_mode & 0777, 0666 & ~mask);
    leave();
}
END_TEST

START_TEST(without_a_commit_the_old_file_stays)
{
    sluice_file *file;
    enter();
    put("old");
    ck_assert_int_eq(sluice_file_create(path, NULL, &file, NULL), SLUICE_OK);
    ck_assert_int_eq(say(file, "new", NULL), SLUICE_OK);
    ck_assert_int_eq(n_entries(), 2);
    sluice_file_destroy(file);
    check_content("old");
    ck_assert_int_eq(n_entries(), 1);
    leave();
}
END_TEST

START_TEST(two_at_once_do_not_meet)
{
    sluice_file *one, *two;
    enter();
    ck_assert_int_eq(sluice_file_create(path, NULL, &one, NULL), SLUICE_OK);
    ck_assert_int_eq(sluice_file_create(path, NULL, &two, NULL), SLUICE_OK);
    say(one, "one", NULL);
    say(two, "two", NULL);
    ck_assert_int_eq(sluice_file_commit(two, NULL), SLUICE_OK);
    check_content("two");
    ck_assert_int_eq(sluice_file_commit(one, NULL), SLUICE_OK);
    check_content("one");
    sluice_file_destroy(one);
    sluice_file_destroy(two);
    leave();
}
END_TEST

START_TEST(a_name_without_a_directory_is_one_in_the_working_directory)
{
    sluice_file *file;
    char here[256];
    enter();
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_eq(chdir(dir), 0);
    ck_assert_int_eq(sluice_file_create("picture.svg", NULL, &file, NULL),
                     SLUICE_OK);
    say(file, "new", NULL);
    ck_assert_int_eq(sluice_file_commit(file, NULL), SLUICE_OK);
    sluice_file_destroy(file);
    ck_assert_int_eq(chdir(here), 0);
    check_content("new");
    leave();
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_an_io_error_that_says_so)
{
    sluice_file *file = NULL;
    sluice_diag why;
    ck_assert_int_eq(
        sluice_file_create("/nowhere/picture.svg", NULL, &file, &why),
        SLUICE_IO);
    ck_assert_ptr_null(file);
    ck_assert(strstr(why.text, "/nowhere/picture.svg: cannot be created"));
}
END_TEST

START_TEST(an_empty_name_is_an_io_error)
{
    sluice_file *file = NULL;
    sluice_diag why;
    ck_assert_int_eq(sluice_file_create("", NULL, &file, &why), SLUICE_IO);
    ck_assert_str_eq(why.text, "a file cannot be created without a name");
    ck_assert_ptr_null(file);
}
END_TEST

START_TEST(a_directory_in_the_way_is_an_io_error)
{
    sluice_file *file = NULL;
    sluice_diag why;
    enter();
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(sluice_file_create(path, NULL, &file, &why), SLUICE_IO);
    ck_assert_ptr_null(file);
    ck_assert(strstr(why.text, "cannot be created: Is a directory") != NULL);
    ck_assert_int_eq(n_entries(), 1);
    rmdir(path);
    leave();
}
END_TEST

START_TEST(a_second_commit_is_refused)
{
    sluice_file *file;
    sluice_diag why;
    enter();
    ck_assert_int_eq(sluice_file_create(path, NULL, &file, NULL), SLUICE_OK);
    ck_assert_int_eq(sluice_file_commit(file, NULL), SLUICE_OK);
    ck_assert_int_eq(sluice_file_commit(file, &why), SLUICE_IO);
    ck_assert_msg(strstr(why.text, "is not complete, or complete already"),
                  "%s", why.text);
    sluice_file_destroy(file);
    sluice_file_destroy(NULL);
    check_content("");
    leave();
}
END_TEST

/* A file that may not grow: the write fails as on a full disk. */
START_TEST(after_a_failed_write_the_old_file_stays)
{
    sluice_file *file;
    sluice_diag why;
    enter();
    put("old");
    ck_assert_int_eq(sluice_file_create(path, NULL, &file, NULL), SLUICE_OK);
    int full = open("/dev/full", O_WRONLY);
    ck_assert_int_ge(full, 0);
    /* Descriptors are given out lowest first: the file's is the one before. */
    ck_assert_int_ge(dup2(full, full - 1), 0);
    close(full);
    ck_assert_int_eq(say(file, "new", &why), SLUICE_IO);
    ck_assert(strstr(why.text, "cannot be written") != NULL);
    ck_assert_int_eq(sluice_file_commit(file, &why), SLUICE_IO);
    sluice_file_destroy(file);
    check_content("old");
    ck_assert_int_eq(n_entries(), 1);
    leave();
}
END_TEST

SLUICE_TEST_MAIN("report.report_file",
                 a_commit_replaces_the_old_file_and_leaves_nothing_else,
                 without_a_commit_the_old_file_stays, two_at_once_do_not_meet,
                 a_name_without_a_directory_is_one_in_the_working_directory,
                 a_directory_that_is_not_there_is_an_io_error_that_says_so,
                 an_empty_name_is_an_io_error,
                 a_directory_in_the_way_is_an_io_error,
                 a_second_commit_is_refused,
                 after_a_failed_write_the_old_file_stays)
