/*
 * Bidirectional schedules hold the model more than once: their bits are those
 * of a reference that adds up the copies' gradients, in all replicas, and their
 * memory is planned like any other's.
 */
#include <stdio.h>

#include "support/allocator.h"
#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/process.h"
#include "support/runner.h"

enum { LAYERS = 9, BATCH = 29, MAX_DEVICES = 4, MAX_MICROBATCHES = 12 };

/* One pair after the other, by a reference that is told the copies: dualpipe
 * sends the first half of the micro-batches through copy 0. */
static void check(const struct sl_test_problem *problem,
                  sluice_pipeline_config config, const int *microbatch_copy,
                  const char *name)
{
    if (sl_test_skips_of(2))
        return;
    struct sl_test_pair pair;
    config.uneven = true;
    config.schedule.backward_order = SLUICE_IN_ORDER;
    ck_assert_msg(!sl_test_pair_init(&pair, problem, &config), "%s: %s", name,
                  pair.why.text);
    ck_assert_int_eq(
        sluice_reference_copies(pair.ref, 2, microbatch_copy, NULL), SLUICE_OK);
    long wrong = sl_test_step(&pair, 0, BATCH) + sl_test_step(&pair, 4, 6) +
                 sl_test_step(&pair, 2, 1) +
                 sl_test_evaluate(&pair, 3, BATCH + 2) +
                 sl_test_infer(&pair, 1, 3) + sl_test_step(&pair, 0, BATCH);
    ck_assert_msg(
        !wrong, "%s, R %d, K %d, M %d, capacity %d: %ld values differ; %s",
        name, config.replicas, sluice_schedule_n_devices(config.custom),
        config.schedule.microbatches, config.queue_capacity, wrong, pair.text);
    sl_test_pair_fini(&pair);
}

static int check_dualpipe(const struct sl_test_problem *problem, int k, int m)
{
    int n = 0, microbatch_copy[MAX_MICROBATCHES];
    for (int i = 0; i < m; i++)
        microbatch_copy[i] = i >= m / 2;
    for (int replicas = 1; replicas <= 2; replicas++)
        for (int capacity = 1; capacity <= 3; capacity++) {
            sluice_pipeline_config config = problem->config;
            sluice_schedule *schedule =
                sl_test_runnable("dualpipe", k, m, capacity);
            if (!schedule)
                continue;
            config.custom = schedule;
            config.schedule.microbatches = m;
            config.replicas = replicas;
            config.queue_capacity = capacity;
            check(problem, config, microbatch_copy, "dualpipe");
            sluice_schedule_destroy(schedule);
            n++;
        }
    return n;
}

START_TEST(dualpipe_equals_the_reference_in_every_replica)
{
    for (int kind = 0; kind <= SL_TEST_TIED; kind++) {
        if (kind == SL_TEST_PROBE)
            continue;
        struct sl_test_problem problem = {0};
        int n = 0;
        ck_assert(!sl_test_problem_init(&problem, (enum sl_test_kind)kind,
                                        LAYERS, BATCH, NULL));
        for (int k = 2; k <= MAX_DEVICES; k += 2)
            for (int m = 2 * k; m <= MAX_MICROBATCHES; m += 4)
                n += check_dualpipe(&problem, k, m);
        ck_assert_int_ge(n, 12);
        sl_test_problem_fini(&problem);
    }
}
END_TEST

static void append(sluice_schedule *schedule, int kind, int stage, int m)
{
    ck_assert(!sluice_schedule_append(
        schedule, sluice_schedule_stage_device(schedule, stage),
        (sluice_action){kind, stage, m, 0}, NULL));
}

/* Gpipe twice, copy 1 on the devices one further: even micro-batches go through
 * copy 0. */
static sluice_schedule *shifted(int k, int m)
{
    int stage_device[2 * MAX_DEVICES];
    sluice_schedule *schedule;
    for (int s = 0; s < k; s++) {
        stage_device[s] = s;
        stage_device[k + s] = (s + 1) % k; /* no part twice on a device */
    }
    ck_assert(!sluice_schedule_create_copies(k, 2 * k, 2, m, stage_device, NULL,
                                             &schedule, NULL));
    for (int i = 0; i < m; i++)
        for (int s = 0; s < k; s++)
            append(schedule, SLUICE_F, i % 2 * k + s, i);
    for (int i = 0; i < m; i++)
        for (int s = k - 1; s >= 0; s--)
            append(schedule, SLUICE_B, i % 2 * k + s, i);
    for (int s = 0; s < k; s++)
        for (int copy = 0; copy < 2; copy++)
            append(schedule, SLUICE_UPDATE, copy * k + s, -1);
    return schedule;
}

START_TEST(any_two_copies_equal_the_reference)
{
    struct sl_test_problem problem = {0};
    int microbatch_copy[MAX_MICROBATCHES];
    for (int i = 0; i < MAX_MICROBATCHES; i++)
        microbatch_copy[i] = i % 2;
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_DROPOUT, LAYERS, BATCH, NULL));
    for (int k = 2; k <= MAX_DEVICES; k++)
        for (int m = 2; m <= 7; m++)
            for (int replicas = 1; replicas <= 3; replicas++) {
                sluice_pipeline_config config = problem.config;
                sluice_schedule *schedule = shifted(k, m);
                config.custom = schedule;
                config.schedule.microbatches = m;
                config.replicas = replicas;
                config.queue_capacity = 1 + (k + m) % 3;
                check(&problem, config, microbatch_copy, "shifted");
                sluice_schedule_destroy(schedule);
            }
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(a_parameter_is_set_in_all_copies)
{
    struct sl_test_problem problem = {0};
    struct sl_test_pair pair;
    float values[4096];
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH, NULL));
    const sluice_layer_plan *plan = sluice_model_layer_plan(problem.model, 0);
    int64_t n = sluice_shape_elements(&plan->params[0].shape);
    char name[64];
    ck_assert_int_le(n, 4096);
    snprintf(name, sizeof name, "0.%s", plan->params[0].name);
    for (int64_t i = 0; i < n; i++)
        values[i] = 0.01F * (float)(i % 7);
    sluice_pipeline_config config = problem.config;
    config.schedule.name = "dualpipe";
    config.schedule.devices = 2;
    config.schedule.microbatches = 4;
    config.uneven = true;
    config.schedule.backward_order = SLUICE_IN_ORDER;
    ck_assert(!sl_test_pair_init(&pair, &problem, &config));
    sl_test_halves(&pair, 2, config.schedule.microbatches);
    ck_assert(!sluice_pipeline_set_parameter(pair.pipe, name, values, n, NULL));
    ck_assert(!sluice_reference_set_parameter(pair.ref, name, values, n, NULL));
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&problem);
}
END_TEST

static struct sl_test_allocator allocator;

/* A dualpipe's life; its plan is what it takes, and a step takes nothing. */
static sluice_status live(void)
{
    struct sl_test_problem p = {0};
    sluice_pipeline *pipe = NULL;
    sluice_memory_plan plans[4];
    sluice_status st = sl_test_problem_init(&p, SL_TEST_DROPOUT, LAYERS, BATCH,
                                            &allocator.hooks);
    if (st)
        return st;
    sluice_pipeline_config config = p.config;
    config.schedule.name = "dualpipe";
    config.schedule.devices = 4;
    config.schedule.microbatches = 8;
    config.uneven = true;
    config.trace = true;
    st = sluice_pipeline_plan(p.model, &config, plans, NULL);
    if (!st)
        st = sluice_pipeline_create(&config, p.model, &pipe, NULL);
    for (int d = 0; d < 4 && !st; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        ck_assert_uint_eq(info.actual_bytes, plans[d].total);
        ck_assert_int_eq(info.n_stages, 2);
    }
    if (!st) {
        sl_test_allocator_arm(&allocator, 1, true);
        st = sluice_pipeline_step(pipe, p.x, p.targets, BATCH, NULL, NULL);
        ck_assert(!st && allocator.n_calls == 0);
    }
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&p);
    return st;
}

START_TEST(every_allocation_may_fail_and_a_step_needs_none)
{
    sl_test_allocator_init(&allocator);
    ck_assert_int_eq(live(), SLUICE_OK);
    int threads = sl_test_threads_at_rest();
    sluice_status st = SLUICE_NO_MEMORY;
    for (long at = 1; st == SLUICE_NO_MEMORY; at++) {
        sl_test_allocator_arm(&allocator, at, false);
        st = live();
        ck_assert_int_eq(allocator.n_live, 0);
        ck_assert_int_eq(allocator.n_wrong, 0);
        ck_assert(sl_test_threads_return_to(threads));
        ck_assert(st == SLUICE_NO_MEMORY || at > 10);
    }
    ck_assert_int_eq(st, SLUICE_OK);
}
END_TEST

START_TEST(the_reference_refuses_copies_that_do_not_exist)
{
    struct sl_test_problem problem = {0};
    sluice_reference *ref;
    const int past[] = {0, 2}, below[] = {-1, 0};
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH, NULL));
    sluice_pipeline_config config = problem.config;
    config.schedule.microbatches = 2;
    config.uneven = true;
    ck_assert(!sluice_reference_create(&config, problem.model, &ref, NULL));
    ck_assert_int_eq(sluice_reference_copies(ref, 2, past, NULL),
                     SLUICE_INVALID);
    ck_assert_int_eq(sluice_reference_copies(ref, 2, below, NULL),
                     SLUICE_INVALID);
    ck_assert_int_eq(sluice_reference_copies(ref, 0, past, NULL),
                     SLUICE_INVALID);
    ck_assert_int_eq(
        sluice_reference_copies(ref, SLUICE_MAX_COPIES + 1, past, NULL),
        SLUICE_INVALID);
    sluice_reference_destroy(ref);
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.copies",
                 dualpipe_equals_the_reference_in_every_replica,
                 any_two_copies_equal_the_reference,
                 a_parameter_is_set_in_all_copies,
                 every_allocation_may_fail_and_a_step_needs_none,
                 the_reference_refuses_copies_that_do_not_exist)
