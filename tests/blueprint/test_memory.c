/*
 * The memory plan is exact: what was planned is what was taken, to the byte,
 * and a cap is held against it before anything starts.
 */
#include <stdio.h>
#include <string.h>

#include "pipeline/pipeline.h"
#include "blueprint/stage.h"
#include "support/allocator.h"
#include "support/grid.h"
#include "support/problem.h"
#include "support/process.h"
#include "support/runner.h"

enum { LAYERS = 8, BATCH = 16, MAX_DEVICES = 8 };

static struct sl_test_problem problem;
static struct sl_test_allocator allocator;

static void set_up(enum sl_test_kind kind)
{
    sl_test_allocator_init(&allocator);
    problem = (struct sl_test_problem){0};
    ck_assert_int_eq(
        sl_test_problem_init(&problem, kind, LAYERS, BATCH, &allocator.hooks),
        SLUICE_OK);
}

static void tear_down(void)
{
    sl_test_problem_fini(&problem);
    ck_assert_int_eq(allocator.n_live, 0);
    ck_assert_int_eq(allocator.n_wrong, 0);
}

static size_t sum_of(const sluice_memory_plan *plan)
{
    return plan->parameters + plan->packed + plan->gradients + plan->optimizer +
           plan->versions + plan->boundary + plan->stash + plan->workspace;
}

static bool same_plan(const sluice_memory_plan *a, const sluice_memory_plan *b)
{
    return a->parameters == b->parameters && a->packed == b->packed &&
           a->gradients == b->gradients && a->optimizer == b->optimizer &&
           a->boundary == b->boundary && a->versions == b->versions &&
           a->stash == b->stash && a->workspace == b->workspace &&
           a->total == b->total;
}

static void check_exact(const sluice_pipeline_config *config)
{
    sluice_memory_plan plans[MAX_DEVICES];
    sluice_pipeline *pipe;
    sluice_diag why;
    long live = allocator.n_live;
    ck_assert_int_eq(sluice_pipeline_plan(problem.model, config, plans, &why),
                     SLUICE_OK);
    ck_assert_int_eq(allocator.n_live, live);
    size_t before = allocator.bytes, all = 0, size = plans[0].total;
    sl_test_allocator_watch(&allocator, size);
    ck_assert_msg(!sluice_pipeline_create(config, problem.model, &pipe, &why),
                  "%s", why.text);
    size_t taken = allocator.bytes - before;
    long arenas = 0;
    for (int d = 0; d < config->schedule.devices; d++) {
        arenas += plans[d].total == size;
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        ck_assert(same_plan(&info.planned, &plans[d]));
        ck_assert_uint_eq(info.planned.total, sum_of(&info.planned));
        ck_assert_uint_eq(info.planned.total, info.actual_bytes);
        all += info.actual_bytes;
    }
    ck_assert_uint_ge(taken, all);
    ck_assert_int_ge(allocator.n_watched, arenas);
    sluice_result result;
    ck_assert_int_eq(sluice_pipeline_step(pipe, problem.x, problem.targets,
                                          BATCH, &result, &why),
                     SLUICE_OK);
    ck_assert_uint_eq(allocator.bytes - before, taken);
    sluice_pipeline_destroy(pipe);
    ck_assert_int_eq(allocator.n_live, live);
}

START_TEST(the_plan_is_what_is_taken)
{
    static const int microbatches[] = {1, 3, 8};
    for (int kind = 0; kind <= SL_TEST_TIED; kind++) {
        if (kind == SL_TEST_PROBE)
            continue;
        set_up((enum sl_test_kind)kind);
        for (int devices = 1; devices <= MAX_DEVICES; devices++)
            for (int m = 0; m < 3; m++)
                for (int remat = 0; remat < 3; remat++) {
                    sluice_pipeline_config config = problem.config;
                    config.schedule.devices = devices;
                    config.schedule.microbatches = microbatches[m];
                    config.remat = (sluice_remat)remat;
                    config.queue_capacity = 1 + (devices + remat) % 4;
                    if (!sl_test_skips())
                        check_exact(&config);
                }
        tear_down();
    }
}
END_TEST

START_TEST(parameters_gradients_and_states_are_counted_in_full)
{
    set_up(SL_TEST_DROPOUT);
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 3;
    config.schedule.microbatches = 4;
    sluice_memory_plan plans[3];
    ck_assert_int_eq(sluice_pipeline_plan(problem.model, &config, plans, NULL),
                     SLUICE_OK);
    size_t parameters = 0,
           least =
               sizeof(float) * (size_t)sluice_model_n_parameters(problem.model);
    for (int d = 0; d < 3; d++) {
        ck_assert_uint_eq(plans[d].gradients, plans[d].parameters);
        ck_assert_uint_eq(plans[d].optimizer, plans[d].parameters);
        parameters += plans[d].parameters;
    }
    ck_assert_uint_ge(parameters, least);
    /* Each of at most two tensors a layer is rounded up to a line. */
    ck_assert_uint_le(parameters, least + (size_t)LAYERS * 2 * 64);
    tear_down();
}
END_TEST

static bool names_number(const char *text, size_t number)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%zu", number);
    return strstr(text, digits);
}

START_TEST(a_cap_one_byte_too_low_is_refused_with_the_numbers)
{
    set_up(SL_TEST_NORM);
    int threads = sl_test_threads_at_rest();
    for (int devices = 1; devices <= 4; devices++) {
        sluice_pipeline_config config = problem.config;
        config.schedule.devices = devices;
        config.schedule.microbatches = 4;
        sluice_memory_plan plans[4];
        sluice_pipeline_plan(problem.model, &config, plans, NULL);
        size_t need = 0;
        for (int d = 0; d < devices; d++)
            if (plans[d].total > need)
                need = plans[d].total;
        sluice_pipeline *pipe = NULL;
        sluice_diag why;
        config.device_cap_bytes = need - 1;
        ck_assert_int_eq(
            sluice_pipeline_create(&config, problem.model, &pipe, &why),
            SLUICE_OVER_CAP);
        ck_assert_ptr_null(pipe);
        ck_assert_int_ge(why.device, 0);
        ck_assert_uint_eq(plans[why.device].total, need);
        ck_assert_msg(names_number(why.text, need) &&
                          names_number(why.text, need - 1) &&
                          names_number(why.text, (size_t)why.device),
                      "%s", why.text);
        ck_assert_int_le(sl_test_threads(), threads);
        ck_assert_int_eq(
            sluice_pipeline_plan(problem.model, &config, plans, NULL),
            SLUICE_OK);

        config.device_cap_bytes = need;
        ck_assert_int_eq(
            sluice_pipeline_create(&config, problem.model, &pipe, &why),
            SLUICE_OK);
        sluice_pipeline_destroy(pipe);
        ck_assert(sl_test_threads_return_to(threads));
    }
    tear_down();
}
END_TEST

START_TEST(rematerialization_needs_less)
{
    for (int kind = 0; kind < SL_TEST_KINDS; kind++) {
        set_up((enum sl_test_kind)kind);
        for (int devices = 1; devices <= 2; devices++) {
            sluice_pipeline_config config = problem.config;
            config.schedule.devices = devices;
            config.schedule.microbatches = 8;
            sluice_memory_plan plans[3][2];
            for (int remat = 0; remat < 3; remat++) {
                config.remat = (sluice_remat)remat;
                ck_assert_int_eq(sluice_pipeline_plan(problem.model, &config,
                                                      plans[remat], NULL),
                                 SLUICE_OK);
            }
            for (int d = 0; d < devices; d++) {
                ck_assert_uint_lt(plans[SLUICE_REMAT_ALWAYS][d].total,
                                  plans[SLUICE_REMAT_NEVER][d].total);
                ck_assert_uint_lt(plans[SLUICE_REMAT_EXCEPT_LAST][d].total,
                                  plans[SLUICE_REMAT_NEVER][d].total);
            }
        }
        tear_down();
    }
}
END_TEST

/* Device 0 is lent gradients, and needs each no longer than it computes with
 * it; device 1 keeps its inputs until their backward, queued or not. */
START_TEST(queues_cost_their_capacity_as_far_as_there_are_micro_batches)
{
    enum { M = 8 };
    set_up(SL_TEST_RELU);
    sluice_memory_plan before[2], plans[2];
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = M;
    for (int capacity = 1; capacity <= 2 * M; capacity++) {
        config.queue_capacity = capacity;
        ck_assert_int_eq(
            sluice_pipeline_plan(problem.model, &config, plans, NULL),
            SLUICE_OK);
        if (capacity > 1 && capacity < M - 2)
            ck_assert_uint_gt(plans[0].boundary, before[0].boundary);
        if (capacity > M)
            ck_assert_uint_eq(plans[0].boundary, before[0].boundary);
        if (capacity > 1)
            ck_assert_uint_eq(plans[1].boundary, before[1].boundary);
        memcpy(before, plans, sizeof before);
    }
    tear_down();
}
END_TEST

/* Each is written by a device of its own, while others use its neighbours. */
START_TEST(what_devices_write_shares_no_cache_line)
{
    ck_assert_int_eq(sizeof(struct sl_device) % SL_ALIGN, 0);
    ck_assert_int_eq(sizeof(struct sl_collective) % SL_ALIGN, 0);
    ck_assert_int_eq(sizeof(struct sl_stage) % SL_ALIGN, 0);
    ck_assert_int_eq(_Alignof(struct sl_device), SL_ALIGN);
    ck_assert_int_eq(_Alignof(struct sl_collective), SL_ALIGN);
    ck_assert_int_eq(_Alignof(struct sl_stage), SL_ALIGN);
}
END_TEST

SLUICE_TEST_MAIN("blueprint.memory", the_plan_is_what_is_taken,
                 parameters_gradients_and_states_are_counted_in_full,
                 a_cap_one_byte_too_low_is_refused_with_the_numbers,
                 rematerialization_needs_less,
                 queues_cost_their_capacity_as_far_as_there_are_micro_batches,
                 what_devices_write_shares_no_cache_line)
