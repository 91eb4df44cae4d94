/* Devices that are told a speed and a cap. */
#include <sluice/pipeline.h>
#include <sluice/reshape.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/problem.h"
#include "support/runner.h"

enum { K = 2, M = 4, BATCH = 8, LAYERS = 4, STEPS = 3, CELL_NS = 200 * 1000 };

static sluice_pipeline *created(const sluice_pipeline_config *config,
                                const sluice_model *model)
{
    sluice_pipeline *pipe;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_pipeline_create(config, model, &pipe, &why), "%s",
                  why.text);
    return pipe;
}

static double *losses_with(const double *speeds, bool trace,
                           double losses[STEPS])
{
    struct sl_test_problem problem = {0};
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_BLOCKS, LAYERS, BATCH, NULL));
    problem.config.schedule = (sluice_schedule_config){
        .name = "1f1b", .devices = K, .microbatches = M};
    problem.config.device_speeds = speeds;
    problem.config.trace = trace;
    sluice_pipeline *pipe = created(&problem.config, problem.model);
    for (int i = 0; i < STEPS; i++) {
        sluice_result result;
        ck_assert(!sluice_pipeline_step(pipe, sl_test_x(&problem, i * BATCH),
                                        sl_test_targets(&problem, i * BATCH),
                                        BATCH, &result, NULL));
        losses[i] = result.loss;
    }
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&problem);
    return losses;
}

START_TEST(speeds_change_no_bit)
{
    static const double speeds[] = {0.4, 1};
    double even[STEPS], uneven[STEPS];
    losses_with(NULL, false, even);
    losses_with(speeds, false, uneven);
    ck_assert_mem_eq(even, uneven, sizeof even);
    losses_with(speeds, true, uneven);
    ck_assert_mem_eq(even, uneven, sizeof even);
}
END_TEST

static sluice_pipeline_config cells_config(int devices)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.001};
    return (sluice_pipeline_config){
        .schedule = {.name = "1f1b", .devices = devices, .microbatches = M},
        .batch = M,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .trace = true,
    };
}

static sluice_model *cells(int n)
{
    const sluice_timed_config cell = {CELL_NS, CELL_NS, CELL_NS, CELL_NS};
    const sluice_model_config shape = {.input = sluice_shape_vector(1)};
    sluice_model *model;
    ck_assert(!sluice_model_create(&shape, &model, NULL));
    for (int i = 0; i < n; i++)
        ck_assert(!sluice_model_add(model, sluice_timed(), &cell, NULL));
    return model;
}

/* A cell is never short; that it is no longer a busy machine could refute. */
START_TEST(each_action_takes_its_time_divided_by_the_speed_on_both_clocks)
{
    static const double speeds[] = {1, 0.25};
    static const float x[M] = {1, 2, 3, 4};
    sluice_model *model = cells(2);
    sluice_pipeline_config config = cells_config(2);
    config.device_speeds = speeds;
    sluice_pipeline *pipe = created(&config, model);
    sluice_trace trace;
    ck_assert(!sluice_pipeline_step(pipe, x, x, M, NULL, NULL));
    ck_assert(!sluice_pipeline_trace(pipe, &trace, NULL));
    for (int d = 0; d < 2; d++)
        for (int i = 0; i < trace.n_events[d]; i++) {
            const sluice_trace_event *e = &trace.events[d][i];
            int cells = e->action.kind == SLUICE_B ? 2 : 1;
            int64_t least = (int64_t)(cells * CELL_NS / speeds[d]);
            if (e->action.kind == SLUICE_UPDATE)
                continue;
            ck_assert_int_ge(e->end_ns - e->start_ns, least);
            ck_assert_int_ge(e->cpu_ns, least);
            ck_assert_int_eq(e->virtual_end_ns - e->virtual_start_ns,
                             e->cpu_ns);
        }
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(speeds_that_cannot_be_had_are_refused)
{
    static const double wrong[][2] = {{1, 2}, {0, 1}, {NAN, 1}, {1, -1}};
    static const char *const says[] = {
        "device 1 has speed 2: give 0.001 to 1", "device 0 has speed 0: give",
        "device 0 has speed nan: give", "device 1 has speed -1: give"};
    sluice_model *model = cells(2);
    for (int i = 0; i < 4; i++) {
        sluice_pipeline_config config = cells_config(2);
        sluice_pipeline *pipe;
        sluice_diag why;
        config.device_speeds = wrong[i];
        ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                         SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, says[i]) != NULL, "%s", why.text);
    }
    sluice_model_destroy(model);
}
END_TEST

static int64_t least_forward_ns(sluice_pipeline *pipe)
{
    float x[M] = {0};
    sluice_trace trace;
    ck_assert(!sluice_pipeline_step(pipe, x, x, M, NULL, NULL));
    ck_assert(!sluice_pipeline_trace(pipe, &trace, NULL));
    int64_t least = INT64_MAX;
    for (int i = 0; i < trace.n_events[1]; i++) {
        const sluice_trace_event *e = &trace.events[1][i];
        int64_t ns = e->virtual_end_ns - e->virtual_start_ns;
        if (e->action.kind == SLUICE_F && ns < least)
            least = ns;
    }
    return least;
}

START_TEST(speeds_are_changed_between_steps_and_taken_back)
{
    sluice_model *model = cells(2);
    sluice_pipeline_config config = cells_config(2);
    sluice_diag why;
    config.trace = true;
    sluice_pipeline *pipe = created(&config, model);
    ck_assert(!sluice_pipeline_set_speeds(pipe, (double[]){1, 0.125}, 2, &why));
    ck_assert_int_ge(least_forward_ns(pipe), 8 * CELL_NS);
    ck_assert_int_eq(sluice_pipeline_set_speeds(pipe, (double[]){1}, 1, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, "1 speeds for 2 devices: give one for each");
    ck_assert_int_eq(
        sluice_pipeline_set_speeds(pipe, (double[]){1, 2}, 2, &why),
        SLUICE_INVALID);
    ck_assert_int_ge(least_forward_ns(pipe), 8 * CELL_NS);
    ck_assert(!sluice_pipeline_set_speeds(pipe, NULL, 2, &why));
    /* The virtual clock has no time of other programs in it. */
    ck_assert_int_lt(least_forward_ns(pipe), 8 * CELL_NS);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(each_device_has_a_cap_of_its_own)
{
    sluice_model *model = cells(3);
    sluice_pipeline_config config = cells_config(2);
    sluice_memory_plan plans[2];
    sluice_pipeline *pipe;
    sluice_diag why;
    ck_assert(!sluice_pipeline_plan(model, &config, plans, NULL));
    size_t caps[2] = {plans[0].total, plans[1].total};
    config.device_caps = caps;
    sluice_pipeline_destroy(created(&config, model));
    caps[1]--;
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                     SLUICE_OVER_CAP);
    ck_assert_int_eq(why.device, 1);
    caps[1] = 0; /* none, unless all have one */
    sluice_pipeline_destroy(created(&config, model));
    config.device_cap_bytes = plans[1].total - 1;
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, NULL),
                     SLUICE_OVER_CAP);
    ck_assert(!sluice_pipeline_plan(model, &config, plans, NULL));
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.uneven", speeds_change_no_bit,
                 each_action_takes_its_time_divided_by_the_speed_on_both_clocks,
                 speeds_that_cannot_be_had_are_refused,
                 speeds_are_changed_between_steps_and_taken_back,
                 each_device_has_a_cap_of_its_own)
