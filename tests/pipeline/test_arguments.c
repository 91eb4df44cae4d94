/*
 * Arguments of a pipeline that is there: what is missing or out of range is
 * refused, and the pipeline goes on as if it had not been called.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "support/judged_pair.h"
#include "support/runner.h"
#include "support/sentence.h"

enum { LAYERS = 6, BATCH = 12 };

static struct sl_test_problem problem;

static void set_up(void)
{
    problem = (struct sl_test_problem){0};
    ck_assert_int_eq(
        sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH, NULL),
        SLUICE_OK);
}

static void tear_down(void)
{
    sl_test_problem_fini(&problem);
}

START_TEST(numbers_of_rows_out_of_range_are_refused)
{
    set_up();
    struct sl_test_pair pair;
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = 3;
    ck_assert_int_eq(sl_test_pair_init(&pair, &problem, &config), SLUICE_OK);
    static const int64_t bad[] = {0, -1, BATCH + 1, INT64_MIN};
    sluice_result result;
    sluice_diag why;
    float y[1];
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(sluice_pipeline_step(pair.pipe, problem.x,
                                              problem.targets, bad[i], &result,
                                              &why),
                         SLUICE_INVALID);
        ck_assert_int_eq(why.status, SLUICE_INVALID);
        if (bad[i] > 0) {
            ck_assert_msg(sl_test_names(why.text, BATCH), "%s", why.text);
            continue;
        }
        ck_assert_int_eq(sluice_pipeline_evaluate(pair.pipe, problem.x,
                                                  problem.targets, bad[i],
                                                  &result, &why),
                         SLUICE_INVALID);
        ck_assert_int_eq(
            sluice_pipeline_infer(pair.pipe, problem.x, bad[i], y, &why),
            SLUICE_INVALID);
    }
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    sl_test_pair_fini(&pair);
    tear_down();
}
END_TEST

/* The call was refused for the lack of `name`. */
static void check_missing(sluice_status st, const sluice_diag *why,
                          const char *name)
{
    ck_assert_int_eq(st, SLUICE_INVALID);
    ck_assert_int_eq(why->status, SLUICE_INVALID);
    ck_assert_msg(strstr(why->text, name), "%s", why->text);
}

START_TEST(data_that_is_not_there_is_asked_for)
{
    set_up();
    struct sl_test_pair pair;
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = 3;
    ck_assert_int_eq(sl_test_pair_init(&pair, &problem, &config), SLUICE_OK);
    sluice_pipeline *pipe = pair.pipe;
    const float *x = problem.x;
    const void *t = problem.targets;
    sluice_result result = {.rows = -1};
    sluice_diag why;
    check_missing(sluice_pipeline_step(pipe, NULL, t, BATCH, &result, &why),
                  &why, "`x`");
    check_missing(sluice_pipeline_step(pipe, x, NULL, BATCH, &result, &why),
                  &why, "`targets`");
    check_missing(sluice_pipeline_evaluate(pipe, NULL, t, BATCH, &result, &why),
                  &why, "`x`");
    check_missing(sluice_pipeline_evaluate(pipe, x, NULL, BATCH, &result, &why),
                  &why, "`targets`");
    ck_assert_int_eq(result.rows, -1);
    ck_assert_uint_eq(sluice_pipeline_n_steps(pipe), 0);
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    sl_test_pair_fini(&pair);
    tear_down();
}
END_TEST

START_TEST(inference_asks_for_rows_and_a_place_for_the_output)
{
    set_up();
    sluice_pipeline *pipe;
    sluice_diag why;
    float y[BATCH * 8];
    ck_assert_int_eq(
        sluice_pipeline_create(&problem.config, problem.model, &pipe, NULL),
        SLUICE_OK);
    check_missing(sluice_pipeline_infer(pipe, NULL, BATCH, y, &why), &why,
                  "`x`");
    check_missing(sluice_pipeline_infer(pipe, problem.x, BATCH, NULL, &why),
                  &why, "`y`");
    ck_assert_int_eq(sluice_pipeline_infer(pipe, problem.x, BATCH, y, NULL),
                     SLUICE_OK);
    sluice_pipeline_destroy(pipe);
    tear_down();
}
END_TEST

START_TEST(a_result_and_a_reason_need_not_be_taken)
{
    set_up();
    sluice_pipeline *pipe;
    ck_assert_int_eq(
        sluice_pipeline_create(&problem.config, problem.model, &pipe, NULL),
        SLUICE_OK);
    ck_assert_int_eq(sluice_pipeline_step(pipe, problem.x, problem.targets,
                                          BATCH, NULL, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_pipeline_evaluate(pipe, problem.x, problem.targets,
                                              BATCH, NULL, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_pipeline_step(pipe, NULL, NULL, BATCH, NULL, NULL),
                     SLUICE_INVALID);
    sluice_pipeline_destroy(pipe);
    tear_down();
}
END_TEST

START_TEST(parameters_that_do_not_fit_are_refused)
{
    set_up();
    struct sl_test_pair pair;
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 3;
    ck_assert_int_eq(sl_test_pair_init(&pair, &problem, &config), SLUICE_OK);
    static const char *const missing[] = {"6.weight", "0.weigh", "",
                                          "weight",   "0",       "-1.bias"};
    float values[512] = {0};
    sluice_diag why;
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(sluice_pipeline_get_parameter(pair.pipe, missing[i],
                                                       values, 1, &why),
                         SLUICE_NOT_FOUND);
        ck_assert_int_eq(sluice_pipeline_set_parameter(pair.pipe, missing[i],
                                                       values, 1, &why),
                         SLUICE_NOT_FOUND);
        ck_assert_int_eq(sluice_pipeline_get_gradient(pair.pipe, missing[i],
                                                      values, 1, &why),
                         SLUICE_NOT_FOUND);
    }
    const sluice_param_spec *spec;
    sluice_model_find_parameter(problem.model, "2.weight", NULL, NULL, &spec,
                                NULL);
    int64_t n = sluice_shape_elements(&spec->shape);
    for (int64_t off = -1; off <= 1; off += 2) {
        ck_assert_int_eq(sluice_pipeline_get_parameter(pair.pipe, "2.weight",
                                                       values, n + off, &why),
                         SLUICE_INVALID);
        ck_assert_msg(sl_test_names(why.text, n) &&
                          sl_test_names(why.text, n + off),
                      "%s", why.text);
        ck_assert_int_eq(sluice_pipeline_set_parameter(pair.pipe, "2.weight",
                                                       values, n + off, &why),
                         SLUICE_INVALID);
        ck_assert_int_eq(sluice_pipeline_get_gradient(pair.pipe, "2.weight",
                                                      values, n + off, &why),
                         SLUICE_INVALID);
    }
    ck_assert_msg(!sl_test_parameters(&pair), "%s", pair.text);
    sl_test_pair_fini(&pair);
    tear_down();
}
END_TEST

START_TEST(learning_rates_that_ruin_parameters_are_refused)
{
    set_up();
    struct sl_test_pair pair;
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 2;
    ck_assert_int_eq(sl_test_pair_init(&pair, &problem, &config), SLUICE_OK);
    const double good[] = {0, 0.25, FLT_MAX, 0.5};
    const double bad[] = {NAN, -0.1, INFINITY, -INFINITY, 1e39};
    for (int i = 0; i < 4; i++) {
        ck_assert(!sluice_pipeline_set_learning_rate(pair.pipe, good[i]));
        ck_assert(!sluice_reference_set_learning_rate(pair.ref, good[i]));
    }
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(sluice_pipeline_set_learning_rate(pair.pipe, bad[i]),
                         SLUICE_INVALID);
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(sluice_reference_set_learning_rate(pair.ref, bad[i]),
                         SLUICE_INVALID);
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    sl_test_pair_fini(&pair);
    tear_down();
}
END_TEST

START_TEST(parameters_that_are_not_finite_are_refused)
{
    set_up();
    struct sl_test_pair pair;
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 3;
    config.schedule.microbatches = config.replicas = 2;
    ck_assert_int_eq(sl_test_pair_init(&pair, &problem, &config), SLUICE_OK);
    const sluice_param_spec *spec;
    sluice_model_find_parameter(problem.model, "2.weight", NULL, NULL, &spec,
                                NULL);
    int64_t n = sluice_shape_elements(&spec->shape);
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        float values[512] = {0};
        sluice_diag why;
        ck_assert_int_le(n, 512);
        values[n - 1] = bad[i];
        ck_assert_int_eq(sluice_pipeline_set_parameter(pair.pipe, "2.weight",
                                                       values, n, &why),
                         SLUICE_NOT_FINITE);
        ck_assert_msg(strstr(why.text, "2.weight") &&
                          sl_test_names(why.text, n - 1),
                      "%s", why.text);
        ck_assert_int_eq(sluice_reference_set_parameter(pair.ref, "2.weight",
                                                        values, n, &why),
                         SLUICE_NOT_FINITE);
    }
    ck_assert_msg(!sl_test_parameters(&pair), "%s", pair.text);
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    sl_test_pair_fini(&pair);
    tear_down();
}
END_TEST

SLUICE_TEST_MAIN("pipeline.arguments", numbers_of_rows_out_of_range_are_refused,
                 data_that_is_not_there_is_asked_for,
                 inference_asks_for_rows_and_a_place_for_the_output,
                 a_result_and_a_reason_need_not_be_taken,
                 parameters_that_do_not_fit_are_refused,
                 learning_rates_that_ruin_parameters_are_refused,
                 parameters_that_are_not_finite_are_refused)
