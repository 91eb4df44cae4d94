/*
 * A loss that is NaN or infinite ends its step at its cell, and the parameters
 * stay as they were; when asked, the step goes on and the result shows it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/judged_pair.h"
#include "support/runner.h"

enum { LAYERS = 8, BATCH = 8, MICRO = 4, MOST = 4096 };

static struct sl_test_problem problem;
static float before[MOST], after[MOST];

/* Features of a mini-batch that are finite; then one row of it is not. */
static float bad_x[MOST];

static void set_up(void)
{
    problem = (struct sl_test_problem){0};
    ck_assert_int_eq(
        sl_test_problem_init(&problem, SL_TEST_DROPOUT, LAYERS, BATCH, NULL),
        SLUICE_OK);
    ck_assert_int_le(BATCH * problem.in, MOST);
    memcpy(bad_x, problem.x, (size_t)(BATCH * problem.in) * sizeof *bad_x);
}

static void tear_down(void)
{
    sl_test_problem_fini(&problem);
}

static void read_parameters(const sluice_pipeline *pipe, float values[MOST])
{
    int64_t at = 0;
    for (int i = 0; i < sluice_model_n_layers(problem.model); i++) {
        const sluice_layer_plan *plan =
            sluice_model_layer_plan(problem.model, i);
        for (int p = 0; p < plan->n_params; p++) {
            char name[64];
            int64_t n = sluice_shape_elements(&plan->params[p].shape);
            snprintf(name, sizeof name, "%d.%s", i, plan->params[p].name);
            ck_assert_int_le(at + n, MOST);
            ck_assert(!sluice_pipeline_get_parameter(pipe, name, values + at, n,
                                                     NULL));
            at += n;
        }
    }
}

static void step_well(sluice_pipeline *pipe)
{
    sluice_result result;
    sluice_diag why = {0};
    ck_assert_msg(!sluice_pipeline_step(pipe, problem.x, problem.targets, BATCH,
                                        &result, &why),
                  "%s", why.text);
    ck_assert(isfinite(result.loss));
}

/* A step whose row `row` is not finite is refused where its loss is found. */
static void step_badly(sluice_pipeline *pipe, int row, float value)
{
    sluice_result result = {.loss = 42};
    sluice_diag why;
    char end[32];
    float *x = bad_x + row * problem.in;
    const sluice_schedule *schedule = sluice_pipeline_schedule(pipe);
    int depth = sluice_schedule_n_stages(schedule);
    uint64_t n_steps = sluice_pipeline_n_steps(pipe);
    x[0] = value;
    read_parameters(pipe, before);
    ck_assert_int_eq(sluice_pipeline_step(pipe, bad_x, problem.targets, BATCH,
                                          &result, &why),
                     SLUICE_NOT_FINITE);
    read_parameters(pipe, after);
    ck_assert_mem_eq(before, after, sizeof before);
    ck_assert_uint_eq(sluice_pipeline_n_steps(pipe), n_steps);
    ck_assert_double_eq(result.loss, 42);
    ck_assert_int_eq(why.stage, depth - 1);
    ck_assert_int_eq(why.microbatch, row / (BATCH / MICRO));
    snprintf(end, sizeof end, "F%d", why.microbatch);
    ck_assert_msg(strstr(why.action, end), "%s", why.action);
    ck_assert_msg(strstr(why.text, "NaN"), "%s", why.text);
    x[0] = problem.x[row * problem.in];
}

START_TEST(a_loss_that_is_not_finite_changes_nothing_under_any_schedule)
{
    static const char *const schedules[] = {
        "gpipe", "1f1b",  "interleaved-1f1b", "looped-bfs",
        "zb-h1", "v-min", "pipedream",        "pipedream-2bw",
    };
    set_up();
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++) {
        sluice_pipeline *pipe;
        sluice_diag why;
        sluice_pipeline_config config = problem.config;
        config.schedule.devices = 2;
        config.schedule.microbatches = MICRO;
        config.schedule.name = schedules[i];
        config.schedule.backward_order = i ? SLUICE_IN_ORDER : SLUICE_REVERSE;
        ck_assert_msg(
            !sluice_pipeline_create(&config, problem.model, &pipe, &why),
            "%s: %s", schedules[i], why.text);
        step_well(pipe);
        for (int row = 0; row < BATCH; row++) {
            step_badly(pipe, row, NAN);
            step_badly(pipe, row, row % 2 ? NAN : -NAN);
        }
        step_well(pipe);
        sluice_pipeline_destroy(pipe);
    }
    tear_down();
}
END_TEST

START_TEST(pipeline_and_reference_agree_after_a_refused_loss)
{
    set_up();
    struct sl_test_pair pair;
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = MICRO;
    ck_assert_int_eq(sl_test_pair_init(&pair, &problem, &config), SLUICE_OK);
    sluice_diag why;
    step_badly(pair.pipe, 5, NAN);
    bad_x[5 * problem.in] = NAN;
    ck_assert_int_eq(sluice_reference_step(pair.ref, bad_x, problem.targets,
                                           BATCH, NULL, &why),
                     SLUICE_NOT_FINITE);
    ck_assert_msg(strstr(why.text, "micro-batch 2"), "%s", why.text);
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    sl_test_pair_fini(&pair);
    tear_down();
}
END_TEST

START_TEST(when_asked_the_step_goes_on_and_its_loss_shows_it)
{
    set_up();
    struct sl_test_pair pair;
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = MICRO;
    config.finite = SLUICE_FINITE_OFF;
    ck_assert_int_eq(sl_test_pair_init(&pair, &problem, &config), SLUICE_OK);
    sluice_result result;
    bad_x[0] = NAN;
    ck_assert(!sluice_pipeline_step(pair.pipe, bad_x, problem.targets, BATCH,
                                    &result, NULL));
    ck_assert(isnan(result.loss));
    ck_assert(!sluice_reference_step(pair.ref, bad_x, problem.targets, BATCH,
                                     &result, NULL));
    ck_assert(isnan(result.loss));
    ck_assert_uint_eq(sluice_pipeline_n_steps(pair.pipe), 1);
    sl_test_pair_fini(&pair);
    tear_down();
}
END_TEST

/*
 * Layers of one element without activation, y = w3 w2 w1 w0 x: with x = 1e25
 * and a target of 1e25 the loss is finite, but the gradients by the weights are
 * about 1e48.
 */
static sluice_pipeline *overflowing(sluice_model **model, sluice_finite finite,
                                    const char *schedule)
{
    sluice_pipeline *pipe;
    sluice_diag why = {0};
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = MICRO;
    config.schedule.name = schedule;
    config.loss = sluice_mean_squared_error();
    config.finite = finite;
    ck_assert(!sluice_model_parse("1-1x4:identity", NULL, model, NULL));
    ck_assert_msg(!sluice_pipeline_create(&config, *model, &pipe, &why), "%s",
                  why.text);
    const float quarter = 0.25F;
    for (int i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.weight", i);
        ck_assert(
            !sluice_pipeline_set_parameter(pipe, name, &quarter, 1, NULL));
    }
    return pipe;
}

static void read_weights(const sluice_pipeline *pipe, float w[4])
{
    for (int i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.weight", i);
        ck_assert(!sluice_pipeline_get_parameter(pipe, name, &w[i], 1, NULL));
    }
}

START_TEST(when_asked_a_gradient_that_is_not_finite_changes_nothing)
{
    static const char *const schedules[] = {"gpipe", "zb-h1", "pipedream"};
    float x[BATCH], w[4];
    set_up();
    for (int i = 0; i < BATCH; i++)
        x[i] = 1e25F;
    for (int i = 0; i < 3; i++) {
        sluice_model *model;
        sluice_diag why;
        sluice_pipeline *pipe =
            overflowing(&model, SLUICE_FINITE_GRADIENTS, schedules[i]);
        ck_assert_int_eq(sluice_pipeline_step(pipe, x, x, BATCH, NULL, &why),
                         SLUICE_NOT_FINITE);
        ck_assert_msg(strstr(why.text, "the gradient of parameter ") &&
                          strstr(why.text, ".weight, element 0, is "),
                      "%s", why.text);
        ck_assert_int_ge(why.device, 0);
        read_weights(pipe, w);
        for (int l = 0; l < 4; l++)
            ck_assert_float_eq(w[l], 0.25F);
        sluice_pipeline_destroy(pipe);
        sluice_model_destroy(model);
    }
    tear_down();
}
END_TEST

/* What the test above would not show if nothing overflowed. */
START_TEST(by_default_only_the_loss_is_looked_at)
{
    float x[BATCH], w[4];
    sluice_model *model;
    set_up();
    for (int i = 0; i < BATCH; i++)
        x[i] = 1e25F;
    sluice_pipeline *pipe = overflowing(&model, SLUICE_FINITE_LOSS, "gpipe");
    ck_assert(!sluice_pipeline_step(pipe, x, x, BATCH, NULL, NULL));
    read_weights(pipe, w);
    ck_assert(!isfinite(w[0]));
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    tear_down();
}
END_TEST

START_TEST(the_reference_refuses_a_gradient_that_is_not_finite_too)
{
    float x[BATCH], w = 0;
    sluice_model *model;
    sluice_reference *ref;
    sluice_diag why;
    set_up();
    for (int i = 0; i < BATCH; i++)
        x[i] = 1e25F;
    sluice_pipeline_config config = problem.config;
    config.loss = sluice_mean_squared_error();
    config.finite = SLUICE_FINITE_GRADIENTS;
    ck_assert(!sluice_model_parse("1-1x4:identity", NULL, &model, NULL));
    ck_assert(!sluice_reference_create(&config, model, &ref, NULL));
    const float quarter = 0.25F;
    ck_assert(
        !sluice_reference_set_parameter(ref, "3.weight", &quarter, 1, NULL));
    ck_assert_int_eq(sluice_reference_step(ref, x, x, BATCH, NULL, &why),
                     SLUICE_NOT_FINITE);
    ck_assert_msg(strstr(why.text, "the gradient of parameter weight"), "%s",
                  why.text);
    ck_assert(!sluice_reference_get_parameter(ref, "3.weight", &w, 1, NULL));
    ck_assert_float_eq(w, quarter);
    sluice_reference_destroy(ref);
    sluice_model_destroy(model);
    tear_down();
}
END_TEST

START_TEST(evaluation_shows_a_loss_that_is_not_finite)
{
    set_up();
    struct sl_test_pair pair;
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 2;
    ck_assert_int_eq(sl_test_pair_init(&pair, &problem, &config), SLUICE_OK);
    sluice_result result;
    bad_x[0] = NAN;
    ck_assert(!sluice_pipeline_evaluate(pair.pipe, bad_x, problem.targets,
                                        BATCH, &result, NULL));
    ck_assert(isnan(result.loss));
    ck_assert(!sluice_reference_evaluate(pair.ref, bad_x, problem.targets,
                                         BATCH, &result, NULL));
    ck_assert(isnan(result.loss));
    sl_test_pair_fini(&pair);
    tear_down();
}
END_TEST

SLUICE_TEST_MAIN("pipeline.finite",
                 a_loss_that_is_not_finite_changes_nothing_under_any_schedule,
                 pipeline_and_reference_agree_after_a_refused_loss,
                 when_asked_the_step_goes_on_and_its_loss_shows_it,
                 when_asked_a_gradient_that_is_not_finite_changes_nothing,
                 by_default_only_the_loss_is_looked_at,
                 the_reference_refuses_a_gradient_that_is_not_finite_too,
                 evaluation_shows_a_loss_that_is_not_finite)
