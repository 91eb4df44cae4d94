/* Shards of tensors, one claim at a time. */
#include "blueprint/shards/shard.h"

#include <string.h>

#include "base/split.h"
#include "support/runner.h"

enum { MOST_SHARDS = 5, ROWS = 3, MOST_COLUMNS = 100 };

START_TEST(columns_are_divided_evenly_by_cache_lines)
{
    for (int t = 1; t <= MOST_SHARDS; t++)
        for (int64_t n = 1; n <= MOST_COLUMNS; n++) {
            int64_t first = 0;
            for (int s = 0; s < t; s++) {
                struct sl_rows part = sl_split_columns(n, t, s);
                bool many = n / t >= 16;
                ck_assert_int_eq(part.first, first);
                ck_assert_int_ge(part.n, 0);
                ck_assert_int_le(part.n, n / t + (many ? 31 : t));
                if (many)
                    ck_assert_int_eq(part.first % 16, 0);
                first += part.n;
            }
            ck_assert_int_eq(first, n);
        }
}
END_TEST

START_TEST(shards_of_a_matrix_put_together_are_the_matrix)
{
    float whole[ROWS * MOST_COLUMNS], part[ROWS * MOST_COLUMNS],
        again[ROWS * MOST_COLUMNS];
    for (int i = 0; i < ROWS * MOST_COLUMNS; i++)
        whole[i] = (float)i;
    for (int t = 1; t <= MOST_SHARDS; t++)
        for (int64_t n = 1; n <= MOST_COLUMNS; n++) {
            sluice_shape shape = sluice_shape_matrix(ROWS, n);
            memset(again, 0, sizeof again);
            for (int s = 0; s < t; s++) {
                struct sl_shard shard = sl_shard_columns(&shape, t, s);
                sl_shard_scatter(&shard, whole, part);
                for (int64_t i = 0; i < sl_shard_elements(&shard); i++)
                    ck_assert(whole[sl_shard_element(&shard, i)] == part[i]);
                sl_shard_gather(&shard, part, again);
            }
            ck_assert_mem_eq(again, whole, (size_t)(ROWS * n) * sizeof *again);
        }
}
END_TEST

START_TEST(all_of_a_tensor_is_a_shard_and_nothing_is_one)
{
    sluice_shape shape = sluice_shape_matrix(4, 5);
    struct sl_shard all = sl_shard_all(&shape), none = sl_shard_none();
    float whole[20] = {1, 2, 3}, part[20];
    sl_shard_scatter(&all, whole, part);
    ck_assert_mem_eq(part, whole, sizeof part);
    ck_assert_int_eq(sl_shard_elements(&all), 20);
    ck_assert_int_eq(sl_shard_element(&all, 7), 7);
    ck_assert_int_eq(sl_shard_elements(&none), 0);
    sl_shard_gather(&none, part, NULL);
}
END_TEST

SLUICE_TEST_MAIN("blueprint.shard", columns_are_divided_evenly_by_cache_lines,
                 shards_of_a_matrix_put_together_are_the_matrix,
                 all_of_a_tensor_is_a_shard_and_nothing_is_one)
