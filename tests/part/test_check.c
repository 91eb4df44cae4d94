/* Partitions given as a list. */
#include <sluice/partition.h>

#include <limits.h>
#include <string.h>

#include "support/runner.h"

START_TEST(a_list_that_adds_up_is_a_partition)
{
    ck_assert_int_eq(sluice_partition_check(6, 3, (const int[]){1, 3, 2}, NULL),
                     SLUICE_OK);
}
END_TEST

static void assert_refused(int n_layers, int devices, const int *sizes,
                           const char *says)
{
    sluice_diag why;
    ck_assert_int_eq(sluice_partition_check(n_layers, devices, sizes, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
}

START_TEST(a_list_that_does_not_add_up_is_refused_with_the_numbers)
{
    assert_refused(7, 3, (const int[]){1, 3, 2},
                   "3 partitions add up to 6 layers, the model has 7");
    assert_refused(5, 3, (const int[]){1, 3, 2},
                   "3 partitions add up to 6 layers, the model has 5");
    assert_refused(2, 2, (const int[]){INT_MAX, INT_MAX},
                   "add up to 4294967294 layers, the model has 2");
}
END_TEST

START_TEST(an_empty_partition_is_refused)
{
    assert_refused(3, 3, (const int[]){2, 0, 1}, "partition 1 has 0 layers");
    assert_refused(3, 2, (const int[]){4, -1}, "partition 1 has -1 layers");
}
END_TEST

START_TEST(counts_that_cannot_fit_are_refused)
{
    assert_refused(2, 3, (const int[]){1, 1, 1},
                   "2 layers cannot fill 3 partitions");
    assert_refused(2, 0, (const int[]){1}, "2 layers into 0 partitions");
}
END_TEST

SLUICE_TEST_MAIN("part.check", a_list_that_adds_up_is_a_partition,
                 a_list_that_does_not_add_up_is_refused_with_the_numbers,
                 an_empty_partition_is_refused,
                 counts_that_cannot_fit_are_refused)
