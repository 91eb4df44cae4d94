/* NaN and infinity are found wherever they stand. */
#include "base/finite.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/runner.h"

enum { N = 37, LONG = 2500 };

START_TEST(numbers_of_any_size_are_finite)
{
    float x[N];
    for (int i = 0; i < N; i++)
        x[i] = i % 2 ? FLT_MAX : -FLT_TRUE_MIN;
    ck_assert_int_eq(sl_first_not_finite(x, N), N);
    ck_assert_int_eq(sl_first_not_finite(x, 0), 0);
    ck_assert_int_eq(sl_check_finite("parameter", "w", x, N, NULL), SLUICE_OK);
}
END_TEST

START_TEST(the_first_value_that_is_not_finite_is_named)
{
    const float bad[] = {-NAN, INFINITY, -INFINITY};
    const char *const text[] = {"NaN", "infinity", "-infinity"};
    for (int b = 0; b < 3; b++)
        for (int i = 0; i < N; i++) {
            float x[N] = {0};
            char want[96];
            sluice_diag why;
            x[i] = bad[b];
            x[N - 1] = NAN;
            ck_assert_int_eq(sl_first_not_finite(x, N), i);
            ck_assert_int_eq(sl_check_finite("parameter", "0.w", x, N, &why),
                             SLUICE_NOT_FINITE);
            snprintf(want, sizeof want,
                     "parameter 0.w: element %d is %s; give finite values", i,
                     i < N - 1 ? text[b] : "NaN");
            ck_assert_msg(strstr(why.text, want), "%s", why.text);
        }
}
END_TEST

START_TEST(a_value_is_found_anywhere_in_a_long_array)
{
    static float x[LONG];
    for (int i = 0; i < LONG; i++)
        x[i] = i % 3 ? FLT_MAX : -FLT_MAX;
    ck_assert_int_eq(sl_first_not_finite(x, LONG), LONG);
    for (int i = 0; i < LONG; i++) {
        float was = x[i];
        x[i] = i % 2 ? -INFINITY : NAN;
        ck_assert_int_eq(sl_first_not_finite(x, LONG), i);
        ck_assert_int_eq(sl_first_not_finite(x, i), i);
        x[i] = was;
    }
}
END_TEST

SLUICE_TEST_MAIN("base.finite", numbers_of_any_size_are_finite,
                 the_first_value_that_is_not_finite_is_named,
                 a_value_is_found_anywhere_in_a_long_array)
