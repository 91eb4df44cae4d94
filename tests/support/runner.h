/*
 * The frame of a test file: SLUICE_TEST_MAIN(suite, test, test, ...).  Check in
 * no-fork mode, so that sanitizers see everything; worker threads record, the
 * test thread asserts.
 */
#ifndef SL_TEST_RUNNER_H
#define SL_TEST_RUNNER_H

#include <check.h>
#include <stdlib.h>

typedef const TTest *sl_test;

static inline int sl_run_tests(const char *name, const sl_test *tests, int n)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    for (int i = 0; i < n; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define SLUICE_TEST_MAIN(name, ...)                                            \
    int main(void)                                                             \
    {                                                                          \
        const sl_test tests[] = {__VA_ARGS__};                                 \
        return sl_run_tests(name, tests, (int)(sizeof tests / sizeof *tests)); \
    }

#endif
