/* Progress is for terminals, and leaves nothing behind. */
#include "bench/output/progress.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/runner.h"

enum { BYTES = 256, SEEN = 4096, LINE = 1024 };

static void run(FILE *out)
{
    struct progress progress;
    progress_begin(&progress, out, 2);
    progress_step(&progress);
    progress_step(&progress);
    progress_erase(&progress);
}

START_TEST(a_file_gets_nothing)
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    run(file);
    ck_assert_int_eq(ftell(file), 0);
    fclose(file);
}
END_TEST

/* What a terminal is for those who write to it: `path`. */
static int open_terminal(char *path)
{
    int keeper = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(keeper, 0);
    ck_assert(!grantpt(keeper) && !unlockpt(keeper));
    snprintf(path, BYTES, "%s", ptsname(keeper));
    return keeper;
}

/* All that it got.  It comes in pieces, and ends in an error: nobody holds the
 * other end. */
static void close_terminal(int keeper, char *seen)
{
    ssize_t at = 0;
    for (ssize_t n; (n = read(keeper, seen + at, 32)) > 0;) {
        at += n;
        ck_assert_int_lt(at, SEEN - 32);
    }
    seen[at] = 0;
    close(keeper);
}

START_TEST(a_terminal_gets_a_line_that_is_erased)
{
    char path[BYTES], seen[SEEN];
    int keeper = open_terminal(path);
    FILE *terminal = fopen(path, "w");
    ck_assert_ptr_nonnull(terminal);
    run(terminal);
    fclose(terminal);
    close_terminal(keeper, seen);
    ck_assert_ptr_nonnull(strstr(seen, "0 of 2"));
    ck_assert_ptr_nonnull(strstr(seen, "1 of 2, about 0 s left"));
    const char *end = strrchr(seen, '\r');
    ck_assert_str_eq(end, "\r\033[K");
    ck_assert_ptr_null(strchr(seen, '\n'));
}
END_TEST

/* A command whose standard error is a terminal. */
static void check_shows(const char *command, const char *all)
{
    char path[BYTES], seen[SEEN], line[LINE];
    int keeper = open_terminal(path);
    snprintf(line, sizeof line, "%s >/dev/null 2>%s", command, path);
    ck_assert_int_eq(system(line), 0);
    close_terminal(keeper, seen);
    ck_assert_msg(strstr(seen, all) != NULL, "%s: %s", command, seen);
    ck_assert_str_eq(strrchr(seen, '\r'), "\r\033[K");
}

START_TEST(commands_that_take_long_show_it)
{
    check_shows(SLUICE_BENCH " memory --smoke", "8 of 8");
    check_shows(SLUICE_BENCH " memory --smoke -k 4,16 -m 4", "2 of 2");
    check_shows(SLUICE_BENCH " memory --smoke --table1", "7 of 7");
    check_shows(SLUICE_BENCH " bubble --smoke -k 1,2 -m 1", "2 of 2");
    check_shows(SLUICE_TOOL " advise --smoke -m 1,3,4", "2 of 2");
}
END_TEST

/* A training on a terminal, watched: what it drew, and that it is gone. */
START_TEST(a_training_can_be_watched)
{
    char path[BYTES], seen[8 * SEEN], line[LINE];
    int keeper = open_terminal(path);
    snprintf(line, sizeof line,
             "%s train --data embedded --epochs 1 --quiet --watch 2>%s",
             SLUICE_TOOL, path);
    ck_assert_int_eq(system(line), 0);
    close_terminal(keeper, seen);
    ck_assert_ptr_nonnull(strstr(seen, "epoch 1/1 ["));
    ck_assert_ptr_nonnull(strstr(seen, "\nloss "));
    ck_assert_ptr_nonnull(strstr(seen, "device 0      |"));
    ck_assert_ptr_nonnull(strstr(seen, "device 1      |"));
    ck_assert_ptr_nonnull(strstr(seen, " % busy"));
    ck_assert_str_eq(strrchr(seen, '\r'), "\r\033[J");
}
END_TEST

SLUICE_TEST_MAIN("bench.progress", a_file_gets_nothing,
                 a_terminal_gets_a_line_that_is_erased,
                 commands_that_take_long_show_it, a_training_can_be_watched)
