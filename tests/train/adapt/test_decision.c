/*
 * When a pipeline is reshaped, as a function of the speeds of its devices: one
 * slowed, recovered, lost; and noise, which changes nothing.  Costs and speeds
 * that are seen in a trace.
 */
#include <string.h>

#include <sluice/simulate.h>

#include "base/rng.h"
#include "plan/layers.h"
#include "support/grid.h"
#include "support/runner.h"
#include "train/adapt/decision.h"

enum { N = 12, M = 32 };

static const double margin = 0.1;

static struct layered l;
static struct sl_machine machine;
static sluice_schedule *schedule;
static int partition[N];
static int places[] = {0, 1};
static struct sl_running_shape shape;

static void begin(int first)
{
    layered_init(&l, N, 2, M);
    l.config.schedules = "1f1b";
    machine = (struct sl_machine){.n_devices = 2, .speeds = {1, 1}};
    partition[0] = first;
    partition[1] = N - first;
    ck_assert(!sluice_schedule_generate(
        &(sluice_schedule_config){
            .name = "1f1b", .devices = 2, .microbatches = M},
        &schedule, NULL));
    shape = (struct sl_running_shape){schedule, {partition, 2}, places, 2, 2};
}

static void end(void)
{
    sluice_schedule_destroy(schedule);
}

static struct sl_decision decide(void)
{
    struct sl_decision decision;
    sluice_diag why = {.text = ""};
    ck_assert_msg(
        !sl_decide(&l.config, &machine, &shape, margin, &decision, &why), "%s",
        why.text);
    return decision;
}

/* The layers of the machine's device 0. */
static int layers_of_first(const struct sl_decision *decision)
{
    int n;
    const int *sizes = sluice_plan_partition(decision->plan, &n);
    return sizes[decision->places[0] == 0 ? 0 : 1];
}

START_TEST(a_device_that_is_slowed_hands_layers_over)
{
    begin(6);
    machine.speeds[1] = 0.5;
    struct sl_decision decision = decide();
    ck_assert(decision.reshapes);
    ck_assert_int_eq(layers_of_first(&decision), 8);
    /* Six layers of twice the time against four. */
    ck_assert(decision.now_ns > decision.best_ns * 13 / 10);
    sluice_plan_destroy(decision.plan);
    end();
}
END_TEST

START_TEST(a_device_that_has_recovered_gets_them_back)
{
    begin(8);
    struct sl_decision decision = decide();
    ck_assert(decision.reshapes);
    ck_assert_int_eq(layers_of_first(&decision), 6);
    sluice_plan_destroy(decision.plan);
    end();
}
END_TEST

START_TEST(what_gains_less_than_the_margin_is_left)
{
    begin(6);
    machine.speeds[1] = 0.95;
    ck_assert(!decide().reshapes);
    end();
    begin(7);
    machine.speeds[1] = 0.5;
    struct sl_decision decision = decide();
    ck_assert(decision.reshapes); /* 10 against 8 */
    sluice_plan_destroy(decision.plan);
    end();
}
END_TEST

/* Within 4 % either way. */
static double noise(uint64_t i)
{
    uint32_t bits[8];
    sl_rng_block(5, SL_RNG_TEST, (struct sl_rng_counter){{i}}, bits);
    return 0.96 + 0.08 * (double)sl_rng_unit(bits[0]);
}

START_TEST(noise_does_not_make_it_go_to_and_fro)
{
    static const double slow[] = {1, 0.5};
    for (int s = 0; s < 2; s++) {
        begin(s ? 8 : 6);
        for (uint64_t i = 0; i < 40; i++) {
            if (sl_test_skips())
                continue;
            machine.speeds[0] = noise(2 * i);
            machine.speeds[1] = slow[s] * noise(2 * i + 1);
            ck_assert_msg(!decide().reshapes, "speeds %g and %g",
                          machine.speeds[0], machine.speeds[1]);
        }
        end();
    }
}
END_TEST

START_TEST(a_device_without_a_core_is_left_whatever_it_costs)
{
    begin(6);
    machine.lost[0] = true;
    struct sl_decision decision = decide();
    ck_assert(decision.reshapes);
    ck_assert_int_eq(decision.n_places, 1);
    ck_assert_int_eq(decision.places[0], 1);
    ck_assert_int_gt(decision.best_ns, decision.now_ns);
    sluice_plan_destroy(decision.plan);
    machine.lost[1] = true;
    sluice_diag why;
    ck_assert_int_eq(
        sl_decide(&l.config, &machine, &shape, margin, &decision, &why),
        SLUICE_INVALID);
    ck_assert_str_eq(why.text, "no core is left of those on which the training "
                               "began");
    end();
}
END_TEST

START_TEST(a_device_that_is_back_is_used_again)
{
    static int alone[] = {1};
    begin(6);
    sluice_schedule_destroy(schedule);
    ck_assert(!sluice_schedule_generate(
        &(sluice_schedule_config){
            .name = "1f1b", .devices = 1, .microbatches = M},
        &schedule, NULL));
    partition[0] = N;
    shape = (struct sl_running_shape){schedule, {partition, 1}, alone, 1, 2};
    machine.lost[0] = true;
    ck_assert(!decide().reshapes);
    machine.lost[0] = false;
    struct sl_decision decision = decide();
    ck_assert(decision.reshapes);
    ck_assert_int_eq(decision.n_places, 2);
    sluice_plan_destroy(decision.plan);
    end();
}
END_TEST

START_TEST(gradients_are_not_added_in_another_order)
{
    begin(6);
    l.config.schedules = "gpipe"; /* the last micro-batch first */
    machine.speeds[1] = 0.5;
    struct sl_decision decision = decide();
    ck_assert_int_gt(decision.now_ns, decision.best_ns * 11 / 10);
    ck_assert(!decision.reshapes);
    end();
}
END_TEST

static sluice_simulation *run(const double *speeds)
{
    int64_t stage_ns[2][KINDS] = {{0}};
    sluice_simulation *simulation;
    for (int i = 0; i < N; i++)
        for (int kind = 0; kind < KINDS; kind++)
            stage_ns[i >= partition[0]][kind] += l.costs_ns[i][kind];
    const sluice_simulate_config config = {.stage_costs_ns = stage_ns[0],
                                           .device_speeds = speeds};
    ck_assert(!sluice_simulate(schedule, &config, &simulation, NULL));
    return simulation;
}

START_TEST(costs_and_speeds_are_those_of_the_trace)
{
    static struct sl_cells cells;
    int64_t shares[N][KINDS], costs[N][KINDS];
    double speeds[2];
    begin(5);
    for (int i = 0; i < N; i++) {
        layered_set(&l, i, 1000 * (1 + i % 3), 2000, 1000 * (1 + i % 2));
        for (int kind = 0; kind < KINDS; kind++)
            shares[i][kind] = 7 * l.costs_ns[i][kind] / 10;
    }
    sluice_simulation *simulation = run(NULL);
    sl_cells_add(&cells, sluice_simulation_trace(simulation));
    sl_cells_calibrate(&cells, shape.cut, shares[0], costs[0]);
    sluice_simulation_destroy(simulation);
    for (int i = 0; i < N; i++)
        for (int kind = SLUICE_F; kind <= SLUICE_R; kind++)
            ck_assert_msg(llabs(costs[i][kind] - l.costs_ns[i][kind]) <= 1 ||
                              kind == SLUICE_I || kind == SLUICE_W,
                          "layer %d, kind %d: %lld", i, kind,
                          (long long)costs[i][kind]);
    simulation = run((double[]){1, 0.5});
    sl_cells_speeds(sluice_simulation_trace(simulation), shape.cut, costs[0],
                    speeds);
    sluice_simulation_destroy(simulation);
    ck_assert_double_eq_tol(speeds[0], 1, 1e-3);
    ck_assert_double_eq_tol(speeds[1], 0.5, 1e-3);
    end();
}
END_TEST

SLUICE_TEST_MAIN("train.decision", a_device_that_is_slowed_hands_layers_over,
                 a_device_that_has_recovered_gets_them_back,
                 what_gains_less_than_the_margin_is_left,
                 noise_does_not_make_it_go_to_and_fro,
                 a_device_without_a_core_is_left_whatever_it_costs,
                 a_device_that_is_back_is_used_again,
                 gradients_are_not_added_in_another_order,
                 costs_and_speeds_are_those_of_the_trace)
