/* Column sums. */
#include "tensor/column_sums.h"

#include <string.h>

#include "support/runner.h"
#include "tensor/numbers.h"

enum { ROWS = 9, N = 131, MOST = ROWS * N };

static float a[MOST + 1], sums[N + 1], want[N];

static void sum_plainly(int64_t rows, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        double sum = 0;
        for (int64_t r = 0; r < rows; r++)
            sum += (double)a[r * n + j];
        want[j] = (float)sum;
    }
}

START_TEST(sums_are_those_of_the_columns)
{
    sl_test_fill(1, MOST, a);
    for (int64_t n = 1; n <= N; n++) {
        sum_plainly(ROWS, n);
        sums[n] = 42;
        sl_column_sums(ROWS, n, a, false, sums);
        ck_assert_mem_eq(sums, want, (size_t)n * sizeof *sums);
        ck_assert_float_eq(sums[n], 42);
    }
}
END_TEST

START_TEST(accumulating_adds_the_rounded_sum)
{
    float twice[N];
    sl_test_fill(1, MOST, a);
    sl_column_sums(ROWS, N, a, false, sums);
    for (int j = 0; j < N; j++)
        twice[j] = sums[j] + sums[j];
    sl_column_sums(ROWS, N, a, true, sums);
    ck_assert_mem_eq(sums, twice, sizeof twice);
}
END_TEST

START_TEST(alignment_does_not_matter)
{
    float moved[N];
    sl_test_fill(1, MOST, a);
    sl_column_sums(ROWS, N, a, false, moved);
    memmove(a + 1, a, MOST * sizeof *a);
    sl_column_sums(ROWS, N, a + 1, false, sums + 1);
    ck_assert_mem_eq(sums + 1, moved, sizeof moved);
}
END_TEST

START_TEST(cancellation_loses_nothing_that_double_holds)
{
    const float column[3] = {1e8f, 1, -1e8f};
    float sum;
    sl_column_sums(3, 1, column, false, &sum);
    ck_assert_float_eq(sum, 1);
}
END_TEST

SLUICE_TEST_MAIN("tensor.columns", sums_are_those_of_the_columns,
                 accumulating_adds_the_rounded_sum, alignment_does_not_matter,
                 cancellation_loses_nothing_that_double_holds)
