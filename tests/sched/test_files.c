/* Schedules in files: what is written is there as a whole or not at all, and
 * only regular files are read. */
#include <sluice/schedule_text.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/runner.h"

static char dir[] = "/tmp/sluice-files-XXXXXX";
static char path[64];

static void enter(void)
{
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/schedule", dir);
}

static void leave(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(dir), 0);
}

static sluice_schedule *make(int microbatches)
{
    const sluice_schedule_config config = {
        .name = "1f1b",
        .devices = 4,
        .microbatches = microbatches,
    };
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_generate(&config, &schedule, NULL),
                     SLUICE_OK);
    return schedule;
}

static sluice_status write_csv(const sluice_schedule *schedule,
                               sluice_diag *why)
{
    return sluice_schedule_write_csv(schedule, false, path, why);
}

static sluice_status write_json(const sluice_schedule *schedule,
                                sluice_diag *why)
{
    return sluice_schedule_write_json(schedule, path, why);
}

static sluice_status read_csv(sluice_schedule **out, sluice_diag *why)
{
    return sluice_schedule_read_csv(path, SLUICE_CSV_DETECT, NULL, out, why);
}

static sluice_status read_json(sluice_schedule **out, sluice_diag *why)
{
    return sluice_schedule_read_json(path, NULL, out, why);
}

static const struct format {
    sluice_status (*write)(const sluice_schedule *schedule, sluice_diag *why);
    sluice_status (*read)(sluice_schedule **out, sluice_diag *why);
} formats[] = {
    {write_csv, read_csv},
    {write_json, read_json},
};

enum { N_FORMATS = (int)(sizeof formats / sizeof *formats), ROOM = 1000 };

/* No file may become larger than ROOM bytes. */
static sluice_status write_without_room(const struct format *format,
                                        const sluice_schedule *schedule,
                                        sluice_diag *why)
{
    struct rlimit was, is;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
    is = (struct rlimit){ROOM, was.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &is), 0);
    sluice_status st = format->write(schedule, why);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
    signal(SIGXFSZ, handler);
    return st;
}

START_TEST(a_schedule_that_cannot_be_written_leaves_the_old_file)
{
    sluice_schedule *good = make(200), *next = make(300), *got;
    for (int i = 0; i < N_FORMATS; i++) {
        sluice_diag why;
        enter();
        ck_assert_int_eq(formats[i].write(good, &why), SLUICE_OK);
        ck_assert_int_eq(write_without_room(&formats[i], next, &why),
                         SLUICE_IO);
        ck_assert(strstr(why.text, "cannot be written: File too large"));
        ck_assert_int_eq(formats[i].read(&got, &why), SLUICE_OK);
        ck_assert_int_eq(sluice_schedule_n_microbatches(got), 200);
        sluice_schedule_destroy(got);
        leave(); /* the directory is empty but for the good file */
    }
    sluice_schedule_destroy(next);
    sluice_schedule_destroy(good);
}
END_TEST

static void check_refused(const char *what)
{
    for (int i = 0; i < N_FORMATS; i++) {
        sluice_schedule *got = NULL;
        sluice_diag why;
        ck_assert_int_eq(formats[i].read(&got, &why), SLUICE_IO);
        ck_assert_ptr_null(got);
        ck_assert(strstr(why.text, what) != NULL);
    }
}

START_TEST(only_regular_files_are_read)
{
    enter();
    ck_assert_int_eq(mkfifo(path, 0600), 0); /* nobody writes: open() waits */
    check_refused("is a device or pipe, not a file");
    unlink(path);
    ck_assert_int_eq(symlink("/dev/zero", path), 0); /* has no end */
    check_refused("is a device or pipe, not a file");
    unlink(path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    check_refused("is a directory, not a file");
    ck_assert_int_eq(rmdir(path), 0);
    check_refused("cannot be opened: No such file");
    leave();
}
END_TEST

START_TEST(a_file_larger_than_any_schedule_is_refused_before_it_is_parsed)
{
    enter();
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)1 << 40), 0); /* a hole */
    close(fd);
    for (int i = 0; i < N_FORMATS; i++) {
        sluice_schedule *got;
        sluice_diag why;
        ck_assert_int_eq(formats[i].read(&got, &why), SLUICE_FORMAT);
        ck_assert(strstr(why.text, "is larger than any schedule") != NULL);
    }
    leave();
}
END_TEST

SLUICE_TEST_MAIN("sched.files",
                 a_schedule_that_cannot_be_written_leaves_the_old_file,
                 only_regular_files_are_read,
                 a_file_larger_than_any_schedule_is_refused_before_it_is_parsed)
