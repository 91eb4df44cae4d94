/*
 * The frame of a test file: SLUICE_TEST_MAIN(suite, test, test, ...).  Check in
 * no-fork mode, so that sanitizers see everything; worker threads record, the
 * test thread asserts.  Arguments of the program, if any, name the tests to
 * run.
 */
#ifndef SL_TEST_RUNNER_H
#define SL_TEST_RUNNER_H

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef const TTest *sl_test;

static inline bool sl_test_wanted(const char *name, char **wanted)
{
    if (!*wanted)
        return true;
    for (; *wanted; wanted++)
        if (!strcmp(name, *wanted))
            return true;
    return false;
}

/* Run those of tests[n] that `wanted`, a list ended by NULL, names; all if it
 * is empty.  A list that names none of them is a failure. */
static inline int sl_run_tests(const char *name, const sl_test *tests, int n,
                               char **wanted)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    for (int i = 0; i < n; i++)
        if (sl_test_wanted(tests[i]->name, wanted))
            tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    bool passed = srunner_ntests_run(runner) && !srunner_ntests_failed(runner);
    srunner_free(runner);
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define SLUICE_TEST_MAIN(name, ...)                                            \
    int main(int argc, char **argv)                                            \
    {                                                                          \
        const sl_test tests[] = {__VA_ARGS__};                                 \
        (void)argc;                                                            \
        return sl_run_tests(name, tests, (int)(sizeof tests / sizeof *tests),  \
                            argv + 1);                                         \
    }

#endif
