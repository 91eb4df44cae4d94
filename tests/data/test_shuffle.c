/* The order of an epoch. */
#include <sluice/dataset.h>

#include "support/runner.h"

enum { N = 1000 };

START_TEST(an_order_is_a_permutation)
{
    static const int64_t sizes[] = {1, 2, 3, 4, 5, 8, 9, 255, 256, N};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        int64_t n = sizes[k], index[N];
        char seen[N] = {0};
        sluice_shuffle(7, 1, n, index);
        for (int64_t i = 0; i < n; i++) {
            ck_assert(index[i] >= 0 && index[i] < n);
            ck_assert(!seen[index[i]]++);
        }
    }
}
END_TEST

START_TEST(an_order_depends_on_seed_and_epoch_alone)
{
    int64_t a[N], b[N];
    sluice_shuffle(7, 3, N, a);
    sluice_shuffle(9, 9, N, b); /* leaves nothing behind */
    memset(b, 0xff, sizeof b);
    sluice_shuffle(7, 3, N, b);
    ck_assert_mem_eq(a, b, sizeof a);
    sluice_shuffle(8, 3, N, b);
    ck_assert_mem_ne(a, b, sizeof a);
    sluice_shuffle(7, 4, N, b);
    ck_assert_mem_ne(a, b, sizeof a);
    sluice_shuffle(3, 7, N, b);
    ck_assert_mem_ne(a, b, sizeof a);
}
END_TEST

START_TEST(nothing_is_written_for_no_rows)
{
    int64_t index = 42;
    sluice_shuffle(1, 1, 0, &index);
    ck_assert_int_eq(index, 42);
}
END_TEST

START_TEST(all_orders_of_four_are_equally_likely)
{
    enum { ORDERS = 24, DRAWS = 24000 };
    int count[256] = {0}, n_orders = 0;
    double chi2 = 0;
    for (uint64_t epoch = 0; epoch < DRAWS; epoch++) {
        int64_t i[4];
        sluice_shuffle(5, epoch, 4, i);
        count[i[0] | i[1] << 2 | i[2] << 4 | i[3] << 6]++;
    }
    for (int k = 0; k < 256; k++) {
        double off = count[k] - (double)DRAWS / ORDERS;
        n_orders += count[k] > 0;
        chi2 += count[k] ? off * off * ORDERS / DRAWS : 0;
    }
    ck_assert_int_eq(n_orders, ORDERS);
    /* 23 degrees of freedom: 49.7 is exceeded once in a thousand times. */
    ck_assert_double_lt(chi2, 49.7);
}
END_TEST

SLUICE_TEST_MAIN("data.shuffle", an_order_is_a_permutation,
                 an_order_depends_on_seed_and_epoch_alone,
                 nothing_is_written_for_no_rows,
                 all_orders_of_four_are_equally_likely)
