/* Uniform partitions. */
#include <sluice/partition.h>

#include <string.h>

#include "support/runner.h"

START_TEST(sizes_differ_by_one_at_most_and_the_larger_come_first)
{
    for (int n = 1; n <= 40; n++)
        for (int k = 1; k <= n; k++) {
            int sizes[40], sum = 0;
            ck_assert_int_eq(sluice_partition_uniform(n, k, sizes, NULL),
                             SLUICE_OK);
            for (int d = 0; d < k; d++) {
                sum += sizes[d];
                ck_assert(sizes[d] >= sizes[k - 1] && sizes[d] <= sizes[0] &&
                          (d == 0 || sizes[d] <= sizes[d - 1]));
            }
            ck_assert_int_le(sizes[0] - sizes[k - 1], 1);
            ck_assert_int_ge(sizes[k - 1], 1);
            ck_assert_int_eq(sum, n);
        }
}
END_TEST

static void assert_refused(int n_layers, int devices, const char *says)
{
    int sizes[4] = {-5, -5, -5, -5};
    sluice_diag why;
    ck_assert_int_eq(sluice_partition_uniform(n_layers, devices, sizes, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
    ck_assert_int_eq(sizes[0], -5);
}

START_TEST(more_devices_than_layers_are_refused_with_the_numbers)
{
    assert_refused(3, 4, "3 layers cannot fill 4 partitions");
    assert_refused(0, 1, "0 layers cannot fill 1 partitions");
}
END_TEST

START_TEST(no_devices_are_refused)
{
    assert_refused(3, 0, "3 layers into 0 partitions");
    assert_refused(3, -2, "3 layers into -2 partitions");
}
END_TEST

SLUICE_TEST_MAIN("part.uniform",
                 sizes_differ_by_one_at_most_and_the_larger_come_first,
                 more_devices_than_layers_are_refused_with_the_numbers,
                 no_devices_are_refused)
