/* Steps that are priced by what their own actions took. */
#include "bench/plan/step_price.h"

#include <string.h>

#include "support/runner.h"

enum { K = 2, M = 3, MOST = 8, KINDS = SLUICE_N_ACTION_KINDS };

/* A step of gpipe on two devices, whose first action of a kind takes 40 ns and
 * the others 10 and 30 in turn; `strange`: with one that no list has. */
struct ran {
    sluice_schedule *schedule;
    sluice_trace_event of[K][MOST];
    const sluice_trace_event *events[K];
    int n_events[K];
    sluice_trace trace;
};

static void ran_init(struct ran *ran, bool strange)
{
    const sluice_schedule_config config = {
        .name = "gpipe", .devices = K, .microbatches = M};
    *ran = (struct ran){.schedule = NULL};
    ck_assert(!sluice_schedule_generate(&config, &ran->schedule, NULL));
    for (int d = 0; d < K; d++) {
        int n, seen[KINDS] = {0};
        const sluice_action *actions =
            sluice_schedule_actions(ran->schedule, d, &n);
        for (int i = 0; i < n; i++) {
            int nth = seen[actions[i].kind]++;
            ran->of[d][ran->n_events[d]++] = (sluice_trace_event){
                .action = actions[i], .end_ns = nth ? 20 * (nth % 2) + 10 : 40};
        }
        if (strange)
            ran->of[d][ran->n_events[d]++] = (sluice_trace_event){
                .action = {SLUICE_REDUCE_GRAD, d, -1}, .end_ns = 1000};
        ran->events[d] = ran->of[d];
    }
    ran->trace = (sluice_trace){
        .n_devices = K, .n_events = ran->n_events, .events = ran->events};
}

/* Forwards and backwards fill and drain: 40 + 20 + 20 on each device, of which
 * the first ones follow each other; then 40 for the UPDATE. */
START_TEST(a_step_costs_its_first_actions_and_the_mean_of_the_others)
{
    static const int64_t none[K * KINDS] = {0};
    int64_t ahead[K * KINDS] = {0};
    for (int strange = 0; strange < 2; strange++) {
        struct ran ran;
        double ns, later_ns;
        ran_init(&ran, strange);
        const struct step_price price = {
            .schedule = ran.schedule,
            .machine = {.queue_capacity = M},
            .ahead_ns = none,
        };
        ck_assert(!step_price_of(&price, &ran.trace, false, &ns, NULL));
        ck_assert_double_eq(ns, 2 * (40 + 40 + 2 * 20) + 40);
        /* The last stage does so much while it waits 40 for its input. */
        struct step_price packing = price;
        packing.ahead_ns = ahead;
        packing.machine.wake_ns = 3;
        packing.machine.spin_ns = 1000;
        ahead[KINDS + SLUICE_F] = 30;
        ahead[KINDS + SLUICE_B] = 25;
        ck_assert(!step_price_of(&packing, &ran.trace, false, &later_ns, NULL));
        ck_assert_double_eq(later_ns, ns + 15 + 3);
        sluice_schedule_destroy(ran.schedule);
    }
}
END_TEST

START_TEST(a_trace_of_another_program_is_refused)
{
    static const int64_t none[K * KINDS] = {0};
    struct ran ran;
    sluice_diag why;
    double ns;
    ran_init(&ran, false);
    const struct step_price price = {.schedule = ran.schedule,
                                     .machine = {.queue_capacity = M},
                                     .ahead_ns = none};
    ran.n_events[1]--;
    ck_assert_int_eq(step_price_of(&price, &ran.trace, false, &ns, &why),
                     SLUICE_INVALID);
    ck_assert_ptr_nonnull(
        strstr(why.text, "a trace of another program: device 1 did not run"));
    sluice_schedule_destroy(ran.schedule);
}
END_TEST

/* The pace doubles from step to step: the price of a step does too, so that
 * its neighbours, 0.5 and 2 of it, predict 1.25. */
START_TEST(a_step_is_beside_its_neighbours_of_the_same_turn)
{
    static const double price[] = {1, 2, 4, 8, 100, 100, 100, 100};
    struct priced_step steps[8];
    struct step_beside beside;
    for (int i = 0; i < 8; i++)
        steps[i] = (struct priced_step){
            .wall_ns = 1.1 * price[i],
            .virtual_ns = 1.05 * price[i] / 2,
            .by_virtual_ns = price[i] / 2,
            .by_cpu_ns = price[i] / 4,
            .by_wall_ns = price[i],
            .by_each_ns = 1.08 * price[i],
        };
    ck_assert(!step_price_compare(steps, 4, 4, &beside, NULL));
    ck_assert_int_eq(beside.n, 2);
    ck_assert_double_eq_tol(beside.step, 1.1 / 1.25, 1e-9);
    ck_assert_double_eq_tol(beside.virtual_step, 1.05 / 1.25, 1e-9);
    ck_assert_double_eq_tol(beside.off_core, 4, 1e-9);
    ck_assert_double_eq_tol(beside.spread, 1.08, 1e-9);
    ck_assert_double_eq_tol(beside.rest, 1.1 / 1.08, 1e-9);
    steps[5].wall_ns = 130;
    ck_assert(!step_price_compare(steps, 8, 4, &beside, NULL));
    ck_assert_int_eq(beside.n, 4); /* 3 and 4 have a pause between them */
    ck_assert_double_eq_tol(beside.quarter[0], 1.1 / 1.25, 1e-9);
    ck_assert_double_eq_tol(beside.quarter[1], 1.1, 1e-9);
    ck_assert(!step_price_compare(steps, 2, 4, &beside, NULL));
    ck_assert_int_eq(beside.n, 0);
}
END_TEST

/* The second forward keeps the other device waiting until 150, not until 100,
 * and the third one is there when it is needed, not only at 160. */
START_TEST(each_action_is_priced_by_its_own_time)
{
    static const int64_t none[K * KINDS] = {0};
    struct ran ran;
    double mean_ns, each_ns;
    ran_init(&ran, false);
    const struct step_price price = {
        .schedule = ran.schedule,
        .machine = {.queue_capacity = M},
        .ahead_ns = none,
    };
    ran.of[0][1].end_ns = 110;
    ck_assert(!step_price_of(&price, &ran.trace, false, &mean_ns, NULL));
    ck_assert(!step_price_of(&price, &ran.trace, true, &each_ns, NULL));
    ck_assert_double_eq(mean_ns, 160 + 20 + 3 * 20 + 20 + 40 + 40);
    ck_assert_double_eq(each_ns, 150 + 30 + 10 + 40 + 40 + 30 + 10 + 40);
    sluice_schedule_destroy(ran.schedule);
}
END_TEST

SLUICE_TEST_MAIN("bench.step_price",
                 a_step_costs_its_first_actions_and_the_mean_of_the_others,
                 each_action_is_priced_by_its_own_time,
                 a_trace_of_another_program_is_refused,
                 a_step_is_beside_its_neighbours_of_the_same_turn)
