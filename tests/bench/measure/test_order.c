/* The order of a pipeline's work, as options and as read off a schedule. */
#include "bench/measure/order.h"

#include "support/runner.h"

static sluice_schedule *make(const char *name, int order)
{
    const struct order_options options = {
        .schedule = name, .backward_order = order, .capacity = 2};
    sluice_schedule *schedule = NULL;
    ck_assert_int_eq(order_schedule(&options, 2, 4, &schedule, NULL),
                     SLUICE_OK);
    return schedule;
}

static void assert_order(const char *name, int asked, int want)
{
    sluice_schedule *schedule = make(name, asked);
    sluice_backward_order order;
    ck_assert(order_find(schedule, &order));
    ck_assert_int_eq(order, want);
    sluice_schedule_destroy(schedule);
}

START_TEST(the_order_of_accumulation_is_read_off_the_schedule)
{
    assert_order("gpipe", SLUICE_REVERSE, SLUICE_REVERSE);
    assert_order("gpipe", SLUICE_IN_ORDER, SLUICE_IN_ORDER);
    assert_order("1f1b", SLUICE_REVERSE, SLUICE_IN_ORDER);
    assert_order("zb-v", SLUICE_REVERSE, SLUICE_IN_ORDER);
    assert_order("looped-bfs", SLUICE_IN_ORDER, SLUICE_REVERSE);
}
END_TEST

static sluice_schedule *by_hand(int stages, const int (*backwards)[3])
{
    static const int places[] = {0, 0};
    sluice_schedule *schedule = NULL;
    ck_assert_int_eq(
        sluice_schedule_create(1, stages, 3, places, NULL, &schedule, NULL),
        SLUICE_OK);
    for (int s = 0; s < stages; s++)
        for (int i = 0; i < 3; i++)
            sluice_schedule_append(
                schedule, 0, (sluice_action){SLUICE_B, s, backwards[s][i]},
                NULL);
    return schedule;
}

START_TEST(an_order_of_another_kind_is_none)
{
    static const int shuffled[][3] = {{1, 0, 2}};
    static const int either[][3] = {{0, 1, 2}, {2, 1, 0}};
    sluice_backward_order order;
    sluice_schedule *schedule = by_hand(1, shuffled);
    ck_assert(!order_find(schedule, &order));
    sluice_schedule_destroy(schedule);
    schedule = by_hand(2, either);
    ck_assert(!order_find(schedule, &order));
    sluice_schedule_destroy(schedule);
}
END_TEST

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

SLUICE_TEST_MAIN("bench.order",
                 the_order_of_accumulation_is_read_off_the_schedule,
                 an_order_of_another_kind_is_none,
                 a_pipeline_is_told_all_of_the_options)
