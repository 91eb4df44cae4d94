/* Progress is for terminals, and leaves nothing behind. */
#include "bench/progress.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/runner.h"

enum { BYTES = 256 };

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

START_TEST(a_terminal_gets_a_line_that_is_erased)
{
    char seen[BYTES] = "";
    int keeper = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(keeper, 0);
    ck_assert(!grantpt(keeper) && !unlockpt(keeper));
    FILE *terminal = fopen(ptsname(keeper), "w");
    ck_assert_ptr_nonnull(terminal);
    run(terminal);
    fclose(terminal);
    /* It comes in pieces, and ends in an error: nobody holds the other end. */
    for (ssize_t n, at = 0; (n = read(keeper, seen + at, 32)) > 0;) {
        at += n;
        ck_assert_int_lt(at, BYTES - 32);
    }
    ck_assert_ptr_nonnull(strstr(seen, "0 of 2"));
    ck_assert_ptr_nonnull(strstr(seen, "1 of 2, about 0 s left"));
    const char *end = strrchr(seen, '\r');
    ck_assert_str_eq(end, "\r\033[K");
    ck_assert_ptr_null(strchr(seen, '\n'));
    close(keeper);
}
END_TEST

SLUICE_TEST_MAIN("cli.progress", a_file_gets_nothing,
                 a_terminal_gets_a_line_that_is_erased)
