/*
 * Tied tensors of a pipeline.  Their bits, under every schedule, cut and number
 * of replicas, are judged in test_bits.c, test_schedules.c, test_replicas.c and
 * test_copies.c; here is what a tie means, and what can go wrong.
 */
#include <sluice/checkpoint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/faults/fault.h"
#include "support/runner.h"

enum { LAYERS = 7, BATCH = 13, N = 30 };

static struct sl_test_problem problem;
static sluice_diag why;

static void set_up(void)
{
    problem = (struct sl_test_problem){0};
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_TIED, LAYERS, BATCH, NULL));
}

static sluice_pipeline *start(int devices)
{
    sluice_pipeline *pipe = NULL;
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = devices;
    config.schedule.microbatches = 3;
    ck_assert_msg(!sluice_pipeline_create(&config, problem.model, &pipe, &why),
                  "%s", why.text);
    return pipe;
}

static void step(sluice_pipeline *pipe)
{
    ck_assert_msg(!sluice_pipeline_step(pipe, problem.x, problem.targets, BATCH,
                                        NULL, &why),
                  "%s", why.text);
}

/* A model of the same layers, nothing tied, whose head starts as layer 1. */
static void check_sum(int devices)
{
    float w[N], g[N], first[N], second[N];
    sluice_model *model;
    sluice_pipeline *pipe = start(devices), *loose;
    sluice_pipeline_config config = problem.config;
    sluice_sgd_config plain = {.learning_rate = 0.1};
    config.schedule.devices = devices;
    config.schedule.microbatches = 3;
    config.optimizer_config = &plain;
    ck_assert(!sluice_model_parse("input(6); linear(5,activation=tanh); "
                                  "linear(6,activation=tanh) x5; head(5)",
                                  NULL, &model, &why));
    ck_assert(!sluice_pipeline_create(&config, model, &loose, &why));
    for (int i = 1; i < LAYERS; i++) {
        char name[32];
        int n = i == 1 || i == 6 ? N : 36;
        float values[36];
        snprintf(name, sizeof name, "%d.weight", i);
        ck_assert(!sluice_pipeline_get_parameter(pipe, name, values, n, &why));
        ck_assert(!sluice_pipeline_set_parameter(loose, name, values, n, &why));
    }
    step(pipe);
    step(loose);
    ck_assert(!sluice_pipeline_get_gradient(pipe, "1.weight", g, N, &why));
    ck_assert(!sluice_pipeline_get_gradient(loose, "1.weight", first, N, &why));
    ck_assert(
        !sluice_pipeline_get_gradient(loose, "6.weight", second, N, &why));
    for (int i = 0; i < N; i++) {
        float sum = first[i] + second[i];
        ck_assert_float_eq(g[i], sum);
        ck_assert_float_ne(g[i], first[i]);
    }
    ck_assert(!sluice_pipeline_get_parameter(pipe, "6.weight", w, N, &why));
    ck_assert(!sluice_pipeline_get_parameter(pipe, "1.weight", g, N, &why));
    ck_assert_mem_eq(w, g, sizeof w);
    sluice_pipeline_destroy(loose);
    sluice_model_destroy(model);
    sluice_pipeline_destroy(pipe);
}

START_TEST(the_gradient_is_the_sum_over_the_uses)
{
    set_up();
    for (int devices = 1; devices <= 6; devices++)
        check_sum(devices);
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(a_value_that_is_set_by_either_name_is_that_of_all_uses)
{
    static const char *const names[] = {"1.weight", "6.weight"};
    float values[N], got[N];
    set_up();
    for (int i = 0; i < N; i++)
        values[i] = (float)(i % 7 - 3) / 8;
    for (int k = 1; k <= 3; k++)
        for (int i = 0; i < 2; i++) {
            sluice_pipeline *pipe = start(k), *other = start(1);
            sluice_result a, b;
            ck_assert(!sluice_pipeline_set_parameter(pipe, names[i], values, N,
                                                     &why));
            ck_assert(!sluice_pipeline_set_parameter(other, names[1 - i],
                                                     values, N, &why));
            ck_assert(!sluice_pipeline_get_parameter(pipe, names[1 - i], got, N,
                                                     &why));
            ck_assert_mem_eq(got, values, sizeof got);
            ck_assert(!sluice_pipeline_evaluate(
                pipe, problem.x, problem.targets, BATCH, &a, &why));
            ck_assert(!sluice_pipeline_evaluate(
                other, problem.x, problem.targets, BATCH, &b, &why));
            ck_assert_double_eq(a.loss, b.loss);
            sluice_pipeline_destroy(other);
            sluice_pipeline_destroy(pipe);
        }
    sl_test_problem_fini(&problem);
}
END_TEST

/* On one device all uses share weights and states, and each has a gradient. */
START_TEST(uses_on_one_stage_share_their_memory)
{
    sluice_memory_plan plan, two[2];
    set_up();
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 1;
    config.schedule.microbatches = 3;
    ck_assert(!sluice_pipeline_plan(problem.model, &config, &plan, &why));
    /* Layers 4 and 6 are uses: 36 + 6 and 30 floats, of whole lines. */
    ck_assert_uint_eq(plan.gradients - plan.parameters, 192 + 64 + 128);
    ck_assert_uint_eq(plan.optimizer, plan.parameters);
    config.schedule.devices = 2;
    config.cut = SLUICE_CUT_LIST;
    config.partition = (int[]){6, 1};
    ck_assert(!sluice_pipeline_plan(problem.model, &config, two, &why));
    ck_assert_uint_eq(two[0].parameters + two[1].parameters,
                      plan.parameters + 128);
    ck_assert_uint_eq(two[0].gradients + two[1].gradients, plan.gradients);
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(an_asynchronous_schedule_is_refused)
{
    sluice_pipeline *pipe = NULL;
    set_up();
    problem.sgd.clip = 0;
    sluice_pipeline_config config = problem.config;
    config.schedule.name = "pipedream";
    config.schedule.devices = 2;
    config.schedule.microbatches = 4;
    ck_assert_int_eq(
        sluice_pipeline_create(&config, problem.model, &pipe, &why),
        SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "tied parameters"), "%s", why.text);
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(a_saved_state_goes_on_at_another_number_of_devices)
{
    char path[] = "/tmp/sluice-ties-XXXXXX";
    sluice_run run = {0};
    float want[N], got[N];
    set_up();
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    sluice_pipeline *pipe = start(3);
    step(pipe);
    ck_assert_msg(!sluice_checkpoint_save(pipe, &run, path, &why), "%s",
                  why.text);
    step(pipe);
    ck_assert(!sluice_pipeline_get_parameter(pipe, "1.weight", want, N, &why));
    for (int k = 1; k <= 6; k++) {
        sluice_pipeline *other = start(k);
        ck_assert_msg(!sluice_checkpoint_load(other, path, &run, NULL, &why),
                      "%s", why.text);
        step(other);
        ck_assert(
            !sluice_pipeline_get_parameter(other, "6.weight", got, N, &why));
        ck_assert_mem_eq(got, want, sizeof got);
        sluice_pipeline_destroy(other);
    }
    sluice_pipeline_destroy(pipe);
    unlink(path);
    sl_test_problem_fini(&problem);
}
END_TEST

/* One step breaks, and those after it are as if it had not been. */
static void check_fault(int devices, int layer, enum sl_test_pass pass)
{
    struct sl_test_fault fault = {
        .pass = pass, .layer = layer, .first_row = SL_TEST_ANY_ROW};
    struct sl_test_pair pair;
    problem = (struct sl_test_problem){.probe = {sl_test_fail_there, &fault}};
    ck_assert(!sl_test_problem_init(&problem, SL_TEST_PROBE, 6, BATCH, NULL));
    ck_assert(!sluice_model_tie(problem.model, "3.weight", "0.weight", &why));
    ck_assert(!sluice_model_tie(problem.model, "5.weight", "0.weight", &why));
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = devices;
    config.schedule.microbatches = 3;
    ck_assert(!sl_test_pair_init(&pair, &problem, &config));
    sl_test_break_step(&pair, &fault, BATCH);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&problem);
}

START_TEST(a_fault_anywhere_leaves_all_uses_as_they_were)
{
    static const enum sl_test_pass passes[] = {SL_TEST_FORWARD, SL_TEST_INPUT,
                                               SL_TEST_WEIGHT};
    for (int devices = 1; devices <= 6; devices++)
        for (int layer = 0; layer < 6; layer++)
            for (int i = 0; i < 3; i++)
                check_fault(devices, layer, passes[i]);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.ties", the_gradient_is_the_sum_over_the_uses,
                 a_value_that_is_set_by_either_name_is_that_of_all_uses,
                 uses_on_one_stage_share_their_memory,
                 an_asynchronous_schedule_is_refused,
                 a_saved_state_goes_on_at_another_number_of_devices,
                 a_fault_anywhere_leaves_all_uses_as_they_were)
