/*
 * Every optimizer of the table has the bits of the sequential reference, which
 * counts steps by itself: on any number of devices, under schedules that split
 * the backward, in replicas, with several updates in a step, and behind a step
 * that failed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"
#include "support/version_programs.h"

enum { LAYERS = 9, BATCH = 13, M = 8, MAX_DEVICES = 4 };

/* The clip is last: without it they run under asynchronous schedules, too. */
static const char *const texts[] = {
    "sgd:lr=0.05,momentum=0.9",
    "adam:lr=0.01,weight-decay=0.01",
    "adamw:lr=0.01,beta2=0.95,weight-decay=0.1",
    "rmsprop:lr=0.005,momentum=0.5,centered,weight-decay=0.01",
    "adamw:lr=0.01,weight-decay=0.1,decay-all,clip=0.05",
};
enum { N_TEXTS = sizeof texts / sizeof *texts, N_WITHOUT_CLIP = N_TEXTS - 1 };

static sluice_diag why;

struct point {
    const char *text;
    const char *schedule;
    int devices;
    int replicas;
};

/* False if the schedule cannot be on so many devices. */
static bool begin(struct sl_test_pair *pair,
                  const struct sl_test_problem *problem, const struct point *at,
                  sluice_optimizer_choice *optimizer)
{
    sluice_pipeline_config config = problem->config;
    ck_assert_msg(!sluice_optimizer_parse(at->text, optimizer, &why), "%s",
                  why.text);
    sluice_schedule *schedule =
        sl_test_runnable(at->schedule, at->devices, M, 2);
    if (!schedule)
        return false;
    config.optimizer = optimizer->ops;
    config.optimizer_config = &optimizer->config;
    config.custom = schedule;
    config.schedule.devices = at->devices;
    config.schedule.microbatches = M;
    config.schedule.backward_order = SLUICE_IN_ORDER;
    config.replicas = at->replicas;
    config.queue_capacity = 2;
    config.uneven = true;
    ck_assert_msg(!sl_test_pair_init(pair, problem, &config), "%s",
                  pair->why.text);
    sl_test_halves(pair, sluice_schedule_n_copies(schedule), M);
    sluice_schedule_destroy(schedule);
    ck_assert(!sl_test_is_asynchronous(at->schedule) ||
              !sl_test_versions(pair, at->schedule, M, false, 0));
    return true;
}

/* A step with a row that is NaN, which fails on one side only. */
static void fail_once(struct sl_test_pair *pair)
{
    int64_t in = pair->problem->in;
    float *x = calloc((size_t)(BATCH * in), sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (int64_t i = 0; i < in; i++)
        x[(BATCH - 1) * in + i] = NAN;
    ck_assert_int_eq(sluice_pipeline_step(pair->pipe, x,
                                          sl_test_targets(pair->problem, 0),
                                          BATCH, NULL, &why),
                     SLUICE_NOT_FINITE);
    free(x);
}

/* Whole batches, and such as leave micro-batches or updates without rows. */
static int check(const struct sl_test_problem *problem, const struct point *at)
{
    static const int rows[] = {BATCH, 6, 1, BATCH};
    struct sl_test_pair pair;
    sluice_optimizer_choice optimizer;
    long wrong = 0;
    if (!begin(&pair, problem, at, &optimizer))
        return 0;
    for (int s = 0; s < 4; s++) {
        wrong += sl_test_step(&pair, 2 * s, rows[s]);
        if (s == 1)
            fail_once(&pair);
    }
    ck_assert_msg(!wrong, "%s, %s, K %d, R %d: %ld values differ; %s", at->text,
                  at->schedule, at->devices, at->replicas, wrong, pair.text);
    sl_test_pair_fini(&pair);
    return 1;
}

static void check_schedules(const char *const *schedules, int n_schedules,
                            int n_texts)
{
    struct sl_test_problem problem = {0};
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_NORM, LAYERS, BATCH, NULL));
    for (int s = 0; s < n_schedules; s++) {
        int n = 0;
        for (int i = 0; i < n_texts * MAX_DEVICES * 2; i++) {
            const struct point at = {
                .text = texts[i % n_texts],
                .schedule = schedules[s],
                .devices = 1 + i / n_texts % MAX_DEVICES,
                .replicas = 1 + i / (n_texts * MAX_DEVICES),
            };
            if (sl_test_skips())
                continue;
            n += check(&problem, &at);
        }
        ck_assert_int_ge(n, SL_TEST_STRIDE > 1 ? 1 : 4 * n_texts);
    }
    sl_test_problem_fini(&problem);
}

START_TEST(every_optimizer_equals_the_reference_under_synchronous_schedules)
{
    static const char *const schedules[] = {"1f1b", "zb-h1", "zb-v"};
    check_schedules(schedules, 3, N_TEXTS);
}
END_TEST

START_TEST(every_optimizer_counts_each_update_of_an_asynchronous_schedule)
{
    static const char *const schedules[] = {"pipedream", "pipedream-2bw"};
    check_schedules(schedules, 2, N_WITHOUT_CLIP);
}
END_TEST

START_TEST(every_row_of_the_table_is_among_those_that_are_tried)
{
    const sluice_optimizer_ops *ops;
    for (int i = 0; (ops = sluice_optimizer_at(i)); i++) {
        int n = 0;
        for (int k = 0; k < N_TEXTS; k++) {
            sluice_optimizer_choice choice;
            ck_assert(!sluice_optimizer_parse(texts[k], &choice, &why));
            n += choice.ops == ops;
        }
        ck_assert_msg(n, "%s", ops->name);
    }
}
END_TEST

SLUICE_TEST_MAIN(
    "pipeline.optimizers",
    every_optimizer_equals_the_reference_under_synchronous_schedules,
    every_optimizer_counts_each_update_of_an_asynchronous_schedule,
    every_row_of_the_table_is_among_those_that_are_tried)
