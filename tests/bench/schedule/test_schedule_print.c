/* The list of generators, as `sluice schedule --list` prints it. */
#include "bench/schedule/show/schedule_print.h"

#include "support/runner.h"

START_TEST(the_list_has_a_line_for_every_generator)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    schedule_print_list(out);
    fclose(out);
    char *rest = text;
    for (int i = 0; sluice_schedule_generator(i); i++) {
        char *line = strsep(&rest, "\n");
        const char *name = sluice_schedule_generator(i);
        const char *summary = sluice_schedule_summary(i);
        ck_assert_ptr_nonnull(line);
        ck_assert(!strncmp(line, name, strlen(name)));
        size_t column = strlen(line) - strlen(summary);
        ck_assert_str_eq(line + column, summary);
        ck_assert_uint_eq(column, 18);
        ck_assert_uint_eq(strspn(line + strlen(name), " "),
                          column - strlen(name));
    }
    ck_assert_str_eq(rest, "");
    free(text);
}
END_TEST

SLUICE_TEST_MAIN("bench.schedule_print",
                 the_list_has_a_line_for_every_generator)
