/* Softmax of a row. */
#include "tensor/softmax.h"

#include "support/runner.h"
#include "tensor/numbers.h"

enum { N = 23 };

static float y[N], p[N];

/* Softmax in double. */
static double exact(int64_t n, int64_t j)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += exp((double)y[i] - (double)y[j]);
    return 1 / sum;
}

START_TEST(agrees_with_double_for_every_length)
{
    for (int64_t n = 1; n <= N; n++) {
        sl_test_fill((uint64_t)n, n, y);
        for (int64_t i = 0; i < n; i++)
            y[i] *= 8;
        sl_softmax_scaled(n, y, sl_softmax_row(n, y), 1, p);
        for (int64_t j = 0; j < n; j++)
            ck_assert_double_eq_tol((double)p[j] / exact(n, j), 1, 1e-6);
    }
}
END_TEST

START_TEST(huge_scores_do_not_overflow)
{
    const float scores[] = {3e38f, -3e38f, 1e4f};
    struct sl_softmax row = sl_softmax_row(3, scores);
    ck_assert_double_eq(row.sum, 1);
    sl_softmax_scaled(3, scores, row, 0.5f, p);
    ck_assert_float_eq(p[0], 0.5f);
    ck_assert_float_eq(p[1], 0);
    ck_assert_float_eq(p[2], 0);
}
END_TEST

START_TEST(the_first_of_equals_is_the_largest)
{
    const float scores[] = {1, 7, 3, 7};
    struct sl_softmax row = sl_softmax_row(4, scores);
    ck_assert_int_eq(row.at, 1);
    ck_assert_float_eq(row.largest, 7);
}
END_TEST

START_TEST(nan_and_infinity_show_in_the_sum)
{
    const float bad[] = {NAN, INFINITY};
    for (int b = 0; b < 2; b++)
        for (int i = 0; i < N; i++) {
            sl_test_fill(1, N, y);
            y[i] = bad[b];
            ck_assert(isnan(sl_softmax_row(N, y).sum));
        }
}
END_TEST

SLUICE_TEST_MAIN("tensor.softmax", agrees_with_double_for_every_length,
                 huge_scores_do_not_overflow,
                 the_first_of_equals_is_the_largest,
                 nan_and_infinity_show_in_the_sum)
