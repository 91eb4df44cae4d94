/*
 * Every schedule that updates and whose backwards run in order of micro-batches
 * has the bits of the sequential reference in that order; looped-bfs those of
 * the reverse order; asynchronous ones those of their version program.
 * test_bits.c has gpipe and 1f1b in every setting.
 */
#include <stdio.h>
#include <string.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"
#include "support/version_programs.h"

enum {
    LAYERS = 9,
    DEVICES = 4,
    MANY_LAYERS = 13, /* for two stages on each of ... */
    MANY_DEVICES = 6,
    BATCH = 13,
};

static const int microbatches[] = {1, 2, 3, 5, 8};

static void check(const struct sl_test_problem *problem, const char *name,
                  const sluice_schedule *schedule, int capacity)
{
    struct sl_test_pair pair;
    sluice_pipeline_config config = problem->config;
    config.custom = schedule;
    config.schedule.microbatches = sluice_schedule_n_microbatches(schedule);
    config.schedule.devices = sluice_schedule_n_devices(schedule);
    config.queue_capacity = capacity;
    config.schedule.backward_order = SLUICE_IN_ORDER;
    if (!sl_test_is_asynchronous(name))
        ck_assert_msg(!sluice_reference_order(
                          schedule, &config.schedule.backward_order, NULL),
                      "%s", name);
    ck_assert_msg(!sl_test_pair_init(&pair, problem, &config), "%s: %s", name,
                  pair.why.text);
    sl_test_halves(&pair, sluice_schedule_n_copies(schedule),
                   config.schedule.microbatches);

    if (sl_test_is_asynchronous(name))
        ck_assert_msg(!sl_test_versions(&pair, name,
                                        config.schedule.microbatches, false, 0),
                      "%s: %s", name, pair.why.text);
    long wrong = sl_test_step(&pair, 0, BATCH) + sl_test_step(&pair, 4, 6) +
                 sl_test_step(&pair, 2, 1) +
                 sl_test_evaluate(&pair, 3, BATCH + 2) +
                 sl_test_infer(&pair, 1, 3) + sl_test_step(&pair, 1, BATCH);
    ck_assert_msg(!wrong, "%s, K %d, M %d, capacity %d: %ld values differ; %s",
                  name, config.schedule.devices, config.schedule.microbatches,
                  capacity, wrong, pair.text);
    sl_test_pair_fini(&pair);
}

/* Every (K, M, capacity) that runs, or those (K, M) with one capacity in turn;
 * returns how many there are. */
static int check_name(const struct sl_test_problem *problem, const char *name,
                      int devices, bool all)
{
    int n = 0;
    for (int k = 1; k <= devices; k++)
        for (int i = 0; i < 5; i++)
            for (int capacity = 1; capacity <= 3; capacity++) {
                if (!all && capacity != 1 + (k + i) % 3)
                    continue;
                sluice_schedule *schedule =
                    sl_test_runnable(name, k, microbatches[i], capacity);
                if (!schedule)
                    continue;
                bool judged = sluice_reference_exists(schedule, false);
                if (judged && !sl_test_skips_of(8))
                    check(problem, name, schedule, capacity);
                sluice_schedule_destroy(schedule);
                n += judged;
            }
    return n;
}

static void check_grid(enum sl_test_kind kind, int layers, int devices)
{
    struct sl_test_problem problem = {0};
    ck_assert_int_eq(sl_test_problem_init(&problem, kind, layers, BATCH, NULL),
                     SLUICE_OK);
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const char *name = sluice_schedule_generator(i);
        if (!strcmp(name, "forward") || !strcmp(name, "gpipe"))
            continue;
        if (kind == SL_TEST_TIED && sl_test_is_asynchronous(name))
            continue;
        int n = check_name(&problem, name, devices, kind == SL_TEST_RELU);
        /* seq1f1b takes an even number of micro-batches */
        bool few = !strncmp(name, "dualpipe", 8) || !strcmp(name, "seq1f1b");
        bool in_groups = !strcmp(name, "pipedream-2bw");
        ck_assert_int_ge(n, in_groups ? 8 : few ? 2 : 15);
    }
    sl_test_problem_fini(&problem);
}

static void check_kind(enum sl_test_kind kind)
{
    check_grid(kind, LAYERS, DEVICES);
}

START_TEST(relu_nets_equal_the_reference_under_every_schedule)
{
    check_kind(SL_TEST_RELU);
}
END_TEST

START_TEST(dropout_nets_equal_the_reference_under_every_schedule)
{
    check_kind(SL_TEST_DROPOUT);
}
END_TEST

START_TEST(norm_nets_equal_the_reference_under_every_schedule)
{
    check_kind(SL_TEST_NORM);
}
END_TEST

START_TEST(residual_nets_equal_the_reference_under_every_schedule)
{
    check_kind(SL_TEST_BLOCKS);
}
END_TEST

START_TEST(nets_with_integer_input_equal_the_reference_under_every_schedule)
{
    check_kind(SL_TEST_TOKENS);
}
END_TEST

START_TEST(transformers_equal_the_reference_under_every_schedule)
{
    check_grid(SL_TEST_GPT, MANY_LAYERS, MANY_DEVICES);
}
END_TEST

START_TEST(nets_with_skip_connections_equal_the_reference_under_every_schedule)
{
    check_kind(SL_TEST_SKIPS);
}
END_TEST

START_TEST(nets_with_tied_tensors_equal_the_reference_under_every_schedule)
{
    check_kind(SL_TEST_TIED);
}
END_TEST

START_TEST(each_layer_is_handed_its_own_data_under_every_schedule)
{
    check_kind(SL_TEST_PROBE);
}
END_TEST

START_TEST(a_generator_gets_its_parameters_from_the_pipelines_config)
{
    struct sl_test_problem problem = {0};
    char want[4096], have[4096];
    sluice_schedule *schedule;
    sluice_pipeline *pipe;
    ck_assert_int_eq(
        sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH, NULL),
        SLUICE_OK);
    const sluice_schedule_config generator = {
        .name = "interleaved-1f1b",
        .devices = 2,
        .microbatches = 6,
        .chunks = 3,
        .group = 3,
        .warm_up = 1,
    };
    sluice_pipeline_config config = problem.config;
    config.schedule = generator;
    config.uneven = true;
    config.queue_capacity = generator.microbatches;
    ck_assert_int_eq(sluice_schedule_generate(&generator, &schedule, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(
        sluice_pipeline_create(&config, problem.model, &pipe, NULL), SLUICE_OK);
    sluice_schedule_format(schedule, want, sizeof want);
    sluice_schedule_format(sluice_pipeline_schedule(pipe), have, sizeof have);
    ck_assert_str_eq(have, want);
    sluice_pipeline_destroy(pipe);
    sluice_schedule_destroy(schedule);
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN(
    "pipeline.schedules",
    a_generator_gets_its_parameters_from_the_pipelines_config,
    relu_nets_equal_the_reference_under_every_schedule,
    dropout_nets_equal_the_reference_under_every_schedule,
    norm_nets_equal_the_reference_under_every_schedule,
    residual_nets_equal_the_reference_under_every_schedule,
    nets_with_integer_input_equal_the_reference_under_every_schedule,
    transformers_equal_the_reference_under_every_schedule,
    nets_with_skip_connections_equal_the_reference_under_every_schedule,
    nets_with_tied_tensors_equal_the_reference_under_every_schedule,
    each_layer_is_handed_its_own_data_under_every_schedule)
