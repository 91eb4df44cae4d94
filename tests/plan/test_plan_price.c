/* What a plan counts besides the costs of layers. */
#include <sluice/plan.h>

#include "plan/layers.h"
#include "support/runner.h"

static sluice_plan *found(const struct layered *l)
{
    sluice_plan *plan;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_plan_find(&l->config, &plan, &why), "%s", why.text);
    return plan;
}

/* 1f1b of two stages of 2 layers, M = 1: device 1 waits 2 us for the forward
 * and 4 for the commit, device 0 waits 6 for the gradient. */
START_TEST(a_step_wakes_its_devices_and_those_that_waited_long)
{
    struct layered l;
    layered_init(&l, 4, 2, 1);
    l.config.schedules = "1f1b";
    l.config.least_devices = 2;
    l.config.wake_ns = 10;
    sluice_plan *plan = found(&l);
    ck_assert_int_eq(sluice_plan_row_at(plan, 0)->step_ns, 12000 + 10);
    ck_assert_int_le(sluice_plan_bound_ns(plan), 12000 + 10);
    sluice_plan_destroy(plan);
    l.config.spin_ns = 3000; /* two of these waits are longer */
    plan = found(&l);
    ck_assert_int_eq(sluice_plan_row_at(plan, 0)->step_ns, 12000 + 20);
    ck_assert_str_eq(sluice_plan_row_at(plan, 0)->limit,
                     "bubble: device 1 waits 25 %");
    sluice_plan_destroy(plan);
    l.config.wake_ns = 36000;
    l.config.spin_ns = 1000000;
    l.config.least_devices = 1;
    plan = found(&l);
    ck_assert_str_eq(sluice_plan_row_at(plan, 0)->limit,
                     "waking: it takes 75 % of the step");
    sluice_plan_destroy(plan);
}
END_TEST

/* Two replicas of one device, with their parameters of 4 x 10 bytes shared out:
 * a step brings half of them once, and adds up gradients. */
static int64_t shared_step(int zero, bool several_nodes)
{
    struct layered l;
    int replicas = 2;
    layered_init(&l, 4, 2, 2);
    for (int i = 0; i < 4; i++)
        l.layers[i] = (sluice_plan_layer){20, 10, 10, 0, 10};
    l.devices[1].node = several_nodes;
    l.config.schedules = "1f1b";
    l.config.network_ns = 7;
    l.config.network_bytes_per_ns = 2;
    l.config.replicas = &replicas;
    l.config.n_replicas = 1;
    l.config.zeros = &zero;
    l.config.n_zeros = 1;
    sluice_plan *plan = found(&l);
    int64_t ns = sluice_plan_row_at(plan, 0)->step_ns;
    ck_assert_int_eq(sluice_plan_row_at(plan, 0)->zero, zero);
    sluice_plan_destroy(plan);
    return ns;
}

START_TEST(stage_3_brings_the_parameters_from_other_nodes)
{
    ck_assert_int_eq(shared_step(3, false), 12000);
    /* The reduce-scatter, and the all-gather before the forward. */
    ck_assert_int_eq(shared_step(3, true), 12000 + 2 * (7 + 20 / 2));
    ck_assert_int_eq(shared_step(2, true), 12000 + 2 * (7 + 20 / 2));
}
END_TEST

/* 40 bytes of parameters and as many of gradients; an input of 10. */
START_TEST(stage_3_between_nodes_has_a_room_for_whole_parameters)
{
    static const int zero = 3, replicas = 2;
    size_t bytes[2];
    for (int nodes = 1; nodes <= 2; nodes++) {
        struct layered l;
        layered_init(&l, 4, 2, 2);
        for (int i = 0; i < 4; i++)
            l.layers[i] = (sluice_plan_layer){20, 10, 0, 0, 10};
        l.devices[1].node = nodes - 1;
        l.config.replicas = &replicas;
        l.config.zeros = &zero;
        l.config.n_replicas = l.config.n_zeros = 1;
        sluice_plan *plan = found(&l);
        bytes[nodes - 1] = sluice_plan_row_at(plan, 0)->bytes;
        sluice_plan_destroy(plan);
    }
    ck_assert_uint_eq(bytes[1] - bytes[0], 4 * 10);
}
END_TEST

/* Two W's in one product take half of the time. */
START_TEST(a_searched_schedule_gathers_where_that_is_allowed)
{
    static const int numbers[] = {4, 8}, gathers[] = {0, 2};
    int64_t costs_ns[2][8][KINDS];
    struct layered l;
    int64_t least[2] = {INT64_MAX, INT64_MAX}; /* of 1f1b, of auto */
    layered_init(&l, 8, 2, 8);
    for (int m = 0; m < 2; m++)
        for (int i = 0; i < 8; i++)
            for (int kind = 0; kind < KINDS; kind++)
                costs_ns[m][i][kind] =
                    l.costs_ns[i][kind] * (kind == SLUICE_W ? 1
                                           : m == 0         ? 2
                                                            : 1);
    l.config.microbatches = numbers;
    l.config.n_microbatches = 2;
    l.config.costs_ns = costs_ns[0][0];
    l.config.gathers = gathers;
    l.config.n_gathers = 2;
    l.config.schedules = "1f1b,auto";
    sluice_plan *plan = found(&l);
    for (int i = 0; i < sluice_plan_n_rows(plan); i++) {
        const sluice_plan_row *row = sluice_plan_row_at(plan, i);
        int64_t *of = &least[row->schedule[0] == 'a'];
        if (row->gather && row->devices == 2 && row->step_ns < *of)
            *of = row->step_ns;
    }
    ck_assert_int_lt(least[1], least[0]);
    sluice_plan_destroy(plan);
}
END_TEST

/* Once: on one device each schedule does the same. */
START_TEST(one_row_stands_for_all_schedules_of_one_device)
{
    struct layered l;
    int n_alone = 0;
    layered_init(&l, 4, 2, 4);
    l.config.schedules = "gpipe,1f1b,zb-h1";
    sluice_plan *plan = found(&l);
    ck_assert_int_eq(sluice_plan_n_rows(plan), 3 + 1);
    for (int i = 0; i < 4; i++)
        n_alone += sluice_plan_row_at(plan, i)->devices == 1;
    ck_assert_int_eq(n_alone, 1);
    sluice_plan_destroy(plan);
}
END_TEST

SLUICE_TEST_MAIN("plan.plan_price",
                 a_step_wakes_its_devices_and_those_that_waited_long,
                 stage_3_brings_the_parameters_from_other_nodes,
                 stage_3_between_nodes_has_a_room_for_whole_parameters,
                 a_searched_schedule_gathers_where_that_is_allowed,
                 one_row_stands_for_all_schedules_of_one_device)
