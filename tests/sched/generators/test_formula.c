/* The closed form against the table it was published with. */
#include <sluice/schedule.h>

#include <math.h>

#include "support/published_bubbles.h"
#include "support/runner.h"

START_TEST(the_ideal_bubble_is_that_of_the_table)
{
    for (int k = 2; k <= SL_TEST_BUBBLES_MOST_K; k++)
        for (int i = 0; i < SL_TEST_BUBBLES_N_M; i++)
            ck_assert_double_eq_tol(100 * sluice_bubble_formula(k, 1 << i),
                                    sl_test_bubbles[k][i], 0.00501);
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
