/* What is said of a reshape. */
#include "train/adapt/tidings.h"

#include <string.h>

#include "support/runner.h"

static void check(const char *before, const char *after, const char *said)
{
    sluice_adaptation news = {
        .device = 1,
        .speed = 0.5,
        .before_ns = 3000000,
        .predicted_ns = 2000000,
    };
    sl_tell_reshape(2, before, after, &news);
    ck_assert_str_eq(news.text, said);
}

START_TEST(a_reshape_names_both_cuts)
{
    check("4,4", "5,3",
          "device 1 runs at 0.50 of its speed: 2 devices, layers 5,3 instead "
          "of 4,4; a step took 3.000 ms, 2.000 predicted, 1.50 x");
}
END_TEST

START_TEST(the_same_cut_is_said_to_be_elsewhere)
{
    check("5,3", "5,3",
          "device 1 runs at 0.50 of its speed: 2 devices, layers 5,3 on other "
          "devices, or in another order; a step took 3.000 ms, 2.000 "
          "predicted, 1.50 x");
}
END_TEST

SLUICE_TEST_MAIN("train.tidings", a_reshape_names_both_cuts,
                 the_same_cut_is_said_to_be_elsewhere)
