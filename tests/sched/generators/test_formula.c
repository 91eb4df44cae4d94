/* The closed form against the table it was published with. */
#include <sluice/schedule.h>

#include <math.h>

#include "support/runner.h"

/* Per cent, for M = 1, 2, 4, 8, 16, 32, 64. */
static const double table[][7] = {
    [2] = {50.00, 33.33, 20.00, 11.11, 5.88, 3.03, 1.54},
    [3] = {66.67, 50.00, 33.33, 20.00, 11.11, 5.88, 3.03},
    [4] = {75.00, 60.00, 42.86, 27.27, 15.79, 8.57, 4.48},
    [5] = {80.00, 66.67, 50.00, 33.33, 20.00, 11.11, 5.88},
    [6] = {83.33, 71.43, 55.56, 38.46, 23.81, 13.51, 7.25},
    [7] = {85.71, 75.00, 60.00, 42.86, 27.27, 15.79, 8.57},
    [8] = {87.50, 77.78, 63.64, 46.67, 30.43, 17.95, 9.86},
};

START_TEST(the_ideal_bubble_is_that_of_the_table)
{
    for (int k = 2; k <= 8; k++)
        for (int i = 0; i < 7; i++)
            ck_assert_double_eq_tol(100 * sluice_bubble_formula(k, 1 << i),
                                    table[k][i], 0.00501);
}
END_TEST

START_TEST(one_device_has_no_bubble)
{
    ck_assert_double_eq(sluice_bubble_formula(1, 1), 0);
    ck_assert_double_eq(sluice_bubble_formula(1, 65536), 0);
}
END_TEST

START_TEST(no_devices_or_no_microbatches_have_no_formula)
{
    ck_assert(isnan(sluice_bubble_formula(0, 1)));
    ck_assert(isnan(sluice_bubble_formula(1, 0)));
}
END_TEST

SLUICE_TEST_MAIN("sched.formula", the_ideal_bubble_is_that_of_the_table,
                 one_device_has_no_bubble,
                 no_devices_or_no_microbatches_have_no_formula)
