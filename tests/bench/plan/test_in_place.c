/* Costs that are read from a plan's own steps. */
#include "bench/plan/in_place.h"

#include <string.h>

#include "plan/layers.h"
#include "support/runner.h"

enum { STAGES = 2 };

/* A device with a stage of two micro-batches: F, F, then B, B. */
static void put(sluice_trace_event *events, int stage, const int64_t took[4])
{
    int64_t at = 0;
    for (int i = 0; i < 4; i++) {
        events[i] = (sluice_trace_event){
            .action = {i < 2 ? SLUICE_F : SLUICE_B, stage, i % 2},
            .start_ns = at,
            .end_ns = at + took[i],
        };
        at += took[i];
    }
}

static void read_step(struct in_place *times, const int64_t took[STAGES][4])
{
    sluice_trace_event of[STAGES][4];
    const sluice_trace_event *events[STAGES] = {of[0], of[1]};
    int n_events[STAGES] = {4, 4};
    for (int d = 0; d < STAGES; d++)
        put(of[d], d, took[d]);
    const sluice_trace trace = {
        .n_devices = STAGES, .n_events = n_events, .events = events};
    in_place_read(times, &trace);
}

START_TEST(the_first_of_several_is_left_out_and_the_median_step_counts)
{
    static const int64_t steps[3][STAGES][4] = {
        {{900, 10, 900, 20}, {900, 30, 900, 40}},
        {{900, 11, 900, 21}, {900, 31, 900, 41}},
        {{900, 99, 900, 22}, {900, 32, 900, 42}},
    };
    struct in_place times;
    int64_t ns[STAGES][KINDS];
    ck_assert_int_eq(in_place_init(&times, STAGES, NULL), SLUICE_OK);
    for (int s = 0; s < 3; s++)
        read_step(&times, steps[s]);
    in_place_medians(&times, ns[0]);
    ck_assert_int_eq(ns[0][SLUICE_F], 11);
    ck_assert_int_eq(ns[0][SLUICE_B], 21);
    ck_assert_int_eq(ns[1][SLUICE_F], 31);
    ck_assert_int_eq(ns[1][SLUICE_B], 41);
    ck_assert_int_eq(ns[0][SLUICE_I], -1);
    for (int s = 0; s < IN_PLACE_STEPS; s++) /* more than there is room for */
        read_step(&times, steps[0]);
    ck_assert_int_eq(times.n, IN_PLACE_STEPS);
    in_place_fini(&times);
}
END_TEST

/* Two stages of two layers, 1000 ns for F, I and W each. */
START_TEST(the_layers_of_a_stage_take_together_what_it_takes)
{
    struct layered l;
    sluice_plan *plan;
    int64_t costs_ns[2][4][KINDS], stage_ns[STAGES][KINDS];
    layered_init(&l, 4, 2, 2);
    l.config.schedules = "1f1b";
    l.config.least_devices = 2;
    ck_assert_int_eq(sluice_plan_find(&l.config, &plan, NULL), SLUICE_OK);
    for (int row = 0; row < 2; row++)
        memcpy(costs_ns[row], l.costs_ns, sizeof costs_ns[row]);
    memset(stage_ns, -1, sizeof stage_ns);
    stage_ns[0][SLUICE_F] = 2200;
    stage_ns[0][SLUICE_B] = 5000;
    stage_ns[1][SLUICE_F] = 1800;
    stage_ns[1][SLUICE_B] = 4000;
    ck_assert_double_eq_tol(
        in_place_factor(plan, stage_ns[0], costs_ns[1][0], SLUICE_B), 1.125,
        1e-9);
    ck_assert_double_eq(
        in_place_factor(plan, stage_ns[0], costs_ns[1][0], SLUICE_W), 0);
    in_place_correct(plan, stage_ns[0], costs_ns[0][0], 2, 4, 1);
    for (int row = 0; row < 2; row++) {
        ck_assert_int_eq(costs_ns[row][0][SLUICE_F], 1100);
        ck_assert_int_eq(costs_ns[row][0][SLUICE_R], 1100);
        ck_assert_int_eq(costs_ns[row][1][SLUICE_B], 2500);
        ck_assert_int_eq(costs_ns[row][1][SLUICE_I], 1250);
        ck_assert_int_eq(costs_ns[row][1][SLUICE_W], 1250);
        ck_assert_int_eq(costs_ns[row][3][SLUICE_F], 900);
        ck_assert_int_eq(costs_ns[row][3][SLUICE_B], 2000);
    }
    sluice_plan_destroy(plan);
    /* I and W make the factor of B. */
    l.config.schedules = "zb-h1";
    ck_assert_int_eq(sluice_plan_find(&l.config, &plan, NULL), SLUICE_OK);
    memcpy(costs_ns[0], l.costs_ns, sizeof costs_ns[0]);
    stage_ns[0][SLUICE_B] = stage_ns[1][SLUICE_B] = -1;
    stage_ns[0][SLUICE_I] = stage_ns[1][SLUICE_I] = 3000;
    stage_ns[0][SLUICE_W] = stage_ns[1][SLUICE_W] = 2000;
    in_place_correct(plan, stage_ns[0], costs_ns[0][0], 1, 4, 0);
    ck_assert_int_eq(costs_ns[0][2][SLUICE_I], 1500);
    ck_assert_int_eq(costs_ns[0][2][SLUICE_W], 1000);
    ck_assert_int_eq(costs_ns[0][2][SLUICE_B], 2500);
    sluice_plan_destroy(plan);
}
END_TEST

SLUICE_TEST_MAIN("bench.in_place",
                 the_first_of_several_is_left_out_and_the_median_step_counts,
                 the_layers_of_a_stage_take_together_what_it_takes)
