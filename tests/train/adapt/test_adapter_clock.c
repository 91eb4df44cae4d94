/*
 * What an adapter does about devices that change, with no clock: the traces are
 * those of simulations of the shape that the pipeline has, on a machine that
 * the test describes.
 */
#include <sluice/reshape.h>
#include <sluice/simulate.h>

#include <sched.h>
#include <string.h>

#include "pipeline/pipeline.h"
#include "support/runner.h"
#include "train/adapt/adapter.h"

enum {
    KINDS = SLUICE_N_ACTION_KINDS,
    BATCH = 16,
    LAYER_NS = 1000000,
    N_LAYERS = 16,
    BEFORE = 20,
    REACTION = 20,
    MOST = 8, /* devices */
};

static sluice_model *model;
static sluice_pipeline *pipe;
static sluice_adapter *adapter;
static sluice_pipeline_config config;
static sluice_diag why;

/* The machine: how fast its devices are, and how much faster one is while
 * another one is slow and leaves it more of the memory. */
static int n_devices;
static double speeds[MOST];
static double relief;
static double noise; /* of device 0's speed, up and down in turn */
static int n_steps;

static void begin_on(int devices, const int *cpus)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    n_devices = devices;
    for (int d = 0; d < MOST; d++)
        speeds[d] = 1;
    relief = 1;
    noise = 0;
    ck_assert_msg(
        !sluice_model_parse("input(4); linear(4)x16", NULL, &model, &why), "%s",
        why.text);
    config = (sluice_pipeline_config){
        .schedule = {.name = "1f1b", .devices = devices, .microbatches = 8},
        .batch = BATCH,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .trace = true,
        .pinning = cpus ? SLUICE_PIN_LIST : SLUICE_PIN_OFF,
        .pin_cpus = cpus,
        .n_pin_cpus = cpus ? 2 : 0,
    };
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    const sluice_adapt_config adapt = {.model = model, .pipeline = &config};
    ck_assert_msg(!sluice_adapter_create(&adapt, pipe, &adapter, &why), "%s",
                  why.text);
}

static void begin(const int *cpus)
{
    begin_on(2, cpus);
}

static void end(void)
{
    sluice_adapter_destroy(adapter);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

/* A step of the pipeline as it is, on the machine as it is. */
static sluice_simulation *simulate(void)
{
    static int64_t costs_ns[SLUICE_PLAN_MAX_STAGES][KINDS];
    double of[MOST], slowest = 1;
    for (int s = 0; s < pipe->blueprint.grid.depth; s++)
        for (int kind = 0; kind < KINDS; kind++)
            costs_ns[s][kind] =
                pipe->blueprint.stage_layers[s] *
                (int64_t)(kind == SLUICE_B ? 2 * LAYER_NS : LAYER_NS);
    for (int d = 0; d < n_devices; d++)
        slowest = speeds[d] < slowest ? speeds[d] : slowest;
    bool waits = slowest < 1 && pipe->blueprint.stage_layers[0] * 2 == N_LAYERS;
    for (int p = 0; p < adapter->now.n_places; p++) {
        int device = adapter->now.places[p];
        of[p] = speeds[device];
        if (device == 0)
            of[p] = (of[p] + (n_steps++ % 2 ? noise : -noise)) *
                    (waits ? relief : 1);
    }
    const sluice_simulate_config wanted = {
        .stage_costs_ns = costs_ns[0],
        .device_speeds = of,
        .queue_capacity = pipe->blueprint.queue_capacity,
    };
    sluice_simulation *simulation;
    ck_assert_msg(
        !sluice_simulate(pipe->blueprint.schedule, &wanted, &simulation, &why),
        "%s", why.text);
    return simulation;
}

static sluice_adaptation step(void)
{
    sluice_adaptation news;
    sluice_simulation *simulation = simulate();
    sl_adapter_see(adapter, pipe, sluice_simulation_trace(simulation), &news);
    sluice_simulation_destroy(simulation);
    return news;
}

static void run_quietly(int n)
{
    for (int i = 0; i < n; i++) {
        sluice_adaptation news = step();
        ck_assert_msg(news.what == SLUICE_ADAPT_NOTHING, "step %d: %s", i,
                      news.text);
    }
}

static sluice_adaptation await_news(void)
{
    sluice_adaptation news;
    int n = 0;
    do {
        ck_assert_int_le(++n, REACTION);
        news = step();
    } while (news.what == SLUICE_ADAPT_NOTHING);
    return news;
}

/* Half, and the step is as long as was predicted, within 1 %. */
static void slow_down(int devices, int slow,
                      double how_much_faster_the_other_seems)
{
    begin_on(devices, NULL);
    run_quietly(BEFORE);
    speeds[slow] = 0.5;
    relief = how_much_faster_the_other_seems;
    sluice_adaptation news = await_news();
    ck_assert_int_eq(news.what, SLUICE_ADAPT_RESHAPED);
    ck_assert_int_eq(news.device, slow);
    for (int p = 0; p < adapter->now.n_places; p++)
        if (adapter->now.places[p] == slow)
            ck_assert_int_lt(pipe->blueprint.stage_layers[p],
                             N_LAYERS / devices);
    double predicted = (double)news.predicted_ns;
    news = await_news();
    ck_assert_msg(news.what == SLUICE_ADAPT_MEASURED, "%s", news.text);
    ck_assert_msg((double)news.measured_ns < 1.01 * predicted &&
                      (double)news.measured_ns > 0.99 * predicted,
                  "%s", news.text);
    end();
}

START_TEST(a_device_slowed_to_half_is_seen_within_twenty_steps)
{
    for (int devices = 2; devices <= MOST; devices *= 2)
        for (int slow = 0; slow < devices; slow++)
            slow_down(devices, slow, 1);
}
END_TEST

START_TEST(what_a_device_gains_while_others_wait_is_not_counted_on)
{
    slow_down(2, 1, 1.06);
}
END_TEST

START_TEST(noise_below_the_margin_changes_nothing)
{
    begin(NULL);
    noise = 0.03;
    run_quietly(200);
    ck_assert_uint_eq(sluice_pipeline_n_reshapes(pipe), 0);
    end();
}
END_TEST

START_TEST(a_device_that_recovers_gets_its_layers_back)
{
    begin(NULL);
    run_quietly(BEFORE);
    speeds[1] = 0.5;
    ck_assert_int_eq(await_news().what, SLUICE_ADAPT_RESHAPED);
    ck_assert_int_eq(await_news().what, SLUICE_ADAPT_MEASURED);
    speeds[1] = 1;
    ck_assert_int_eq(await_news().what, SLUICE_ADAPT_RESHAPED);
    ck_assert_int_eq(pipe->blueprint.stage_layers[0], N_LAYERS / 2);
    end();
}
END_TEST

/* A device that the reshape gave no more work is slower: the next plan follows,
 * and not the former shape.  All devices slow down in the same way. */
START_TEST(a_machine_that_changes_after_a_reshape_does_not_undo_it)
{
    for (int all = 0; all <= 1; all++) {
        begin(NULL);
        run_quietly(BEFORE);
        speeds[1] = 0.75;
        ck_assert_int_eq(await_news().what, SLUICE_ADAPT_RESHAPED);
        int first = pipe->blueprint.stage_layers[0];
        speeds[0] = all ? 0.6 : 1;
        speeds[1] = all ? 0.45 : 0.4;
        sluice_adaptation news = await_news();
        ck_assert_msg(news.what == SLUICE_ADAPT_MEASURED, "%s", news.text);
        ck_assert_int_gt(news.measured_ns, 1.05 * (double)news.before_ns);
        ck_assert_int_gt(news.measured_ns, 0.99 * (double)news.expected_ns);
        ck_assert_int_lt(news.measured_ns, 1.01 * (double)news.expected_ns);
        if (all) {
            run_quietly(REACTION);
        } else {
            ck_assert_int_eq(await_news().what, SLUICE_ADAPT_RESHAPED);
            ck_assert_int_gt(pipe->blueprint.stage_layers[0], first);
        }
        end();
    }
}
END_TEST

/* Device 1 is slow in four steps of seven and fast again in the last three:
 * what the window shows is what was. */
START_TEST(a_window_in_which_a_device_changes_decides_nothing)
{
    begin(NULL);
    run_quietly(BEFORE);
    speeds[1] = 0.5;
    run_quietly(3);
    speeds[1] = 1;
    run_quietly(2);
    speeds[1] = 0.5;
    run_quietly(1);
    speeds[1] = 1;
    run_quietly(REACTION);
    ck_assert_uint_eq(sluice_pipeline_n_reshapes(pipe), 0);
    end();
}
END_TEST

/* A device is slower since it has more to do: the former shape returns. */
START_TEST(a_shape_that_makes_a_device_slower_is_given_up)
{
    begin(NULL);
    run_quietly(BEFORE);
    speeds[1] = 0.75;
    ck_assert_int_eq(await_news().what, SLUICE_ADAPT_RESHAPED);
    speeds[0] = 0.5;
    sluice_adaptation news = await_news();
    ck_assert_msg(news.what == SLUICE_ADAPT_RESHAPED, "%s", news.text);
    ck_assert_int_eq(pipe->blueprint.stage_layers[0], N_LAYERS / 2);
    end();
}
END_TEST

/* The first two CPUs of this thread; false: it has one. */
static bool find_cpus(cpu_set_t *set, int cpus[2])
{
    int n = 0;
    if (sched_getaffinity(0, sizeof *set, set))
        return false;
    for (int i = 0; i < CPU_SETSIZE && n < 2; i++)
        if (CPU_ISSET(i, set))
            cpus[n++] = i;
    return n == 2;
}

START_TEST(a_core_that_is_taken_away_is_left_and_taken_again_when_it_is_back)
{
    cpu_set_t all, one;
    int cpus[2];
    if (!find_cpus(&all, cpus))
        return;
    begin(cpus);
    run_quietly(BEFORE);
    CPU_ZERO(&one);
    CPU_SET(cpus[1], &one);
    ck_assert(!sched_setaffinity(0, sizeof one, &one));
    sluice_adaptation news = await_news();
    ck_assert_msg(news.what == SLUICE_ADAPT_RESHAPED && news.device == -1, "%s",
                  news.text);
    ck_assert_int_eq(sluice_pipeline_n_devices(pipe), 1);
    ck_assert_int_eq(await_news().what, SLUICE_ADAPT_MEASURED);
    ck_assert(!sched_setaffinity(0, sizeof all, &all));
    news = await_news();
    ck_assert_msg(news.what == SLUICE_ADAPT_RESHAPED && news.device == -1, "%s",
                  news.text);
    ck_assert_int_eq(sluice_pipeline_n_devices(pipe), 2);
    end();
}
END_TEST

/* A plan was looked for just before, and not worth a reshape. */
START_TEST(a_core_that_is_taken_away_is_left_at_once)
{
    cpu_set_t all, one;
    int cpus[2];
    if (!find_cpus(&all, cpus))
        return;
    begin(cpus);
    run_quietly(BEFORE);
    speeds[1] = 0.93;
    while (!adapter->waits)
        run_quietly(1);
    CPU_ZERO(&one);
    CPU_SET(cpus[0], &one);
    ck_assert(!sched_setaffinity(0, sizeof one, &one));
    sluice_adaptation news = step();
    ck_assert_msg(news.what == SLUICE_ADAPT_RESHAPED && news.device == -1, "%s",
                  news.text);
    ck_assert(!sched_setaffinity(0, sizeof all, &all));
    end();
}
END_TEST

SLUICE_TEST_MAIN(
    "train.adapter_clock", a_device_slowed_to_half_is_seen_within_twenty_steps,
    what_a_device_gains_while_others_wait_is_not_counted_on,
    noise_below_the_margin_changes_nothing,
    a_device_that_recovers_gets_its_layers_back,
    a_machine_that_changes_after_a_reshape_does_not_undo_it,
    a_window_in_which_a_device_changes_decides_nothing,
    a_shape_that_makes_a_device_slower_is_given_up,
    a_core_that_is_taken_away_is_left_and_taken_again_when_it_is_back,
    a_core_that_is_taken_away_is_left_at_once)
