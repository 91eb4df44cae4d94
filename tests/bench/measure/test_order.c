/* The order of a pipeline's work, as options. */
#include "bench/measure/order.h"

#include "support/runner.h"

START_TEST(a_pipeline_is_told_all_of_the_options)
{
    const struct order_options options = {
        .schedule = "eager-1f1b",
        .remat = SLUICE_REMAT_ALWAYS,
        .backward_order = SLUICE_IN_ORDER,
        .capacity = 3,
        .chunks = 4,
        .group = 5,
        .warm_up = 6,
    };
    sluice_pipeline_config config = {0};
    order_apply(&options, &config);
    ck_assert_str_eq(config.schedule, "eager-1f1b");
    ck_assert_int_eq(config.remat, SLUICE_REMAT_ALWAYS);
    ck_assert_int_eq(config.backward_order, SLUICE_IN_ORDER);
    ck_assert_int_eq(config.queue_capacity, 3);
    ck_assert_int_eq(config.chunks, 4);
    ck_assert_int_eq(config.group, 5);
    ck_assert_int_eq(config.warm_up, 6);
}
END_TEST

SLUICE_TEST_MAIN("bench.order", a_pipeline_is_told_all_of_the_options)
