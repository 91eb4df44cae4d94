/* Sentences of refusals that no other test looks at: configs of layers and
 * optimizers, arguments of calls. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/sluice.h>

#include "support/runner.h"

enum { ROWS = 4 };

static void assert_says(sluice_status st, const sluice_diag *why,
                        const char *text)
{
    ck_assert_int_eq(st, SLUICE_INVALID);
    ck_assert_msg(strstr(why->text, text), "\"%s\" is not in \"%s\"", text,
                  why->text);
}

/* Add a layer with this config to a model of that input. */
static void assert_layer_refused(sluice_shape input, sluice_element type,
                                 const sluice_layer_ops *ops,
                                 const void *config, const char *text)
{
    const sluice_model_config shape = {.input = input, .input_type = type};
    sluice_model *model;
    sluice_diag why;
    ck_assert_int_eq(sluice_model_create(&shape, &model, NULL), SLUICE_OK);
    assert_says(sluice_model_add(model, ops, config, &why), &why, text);
    sluice_model_destroy(model);
}

START_TEST(layers_say_what_is_wrong_with_their_configs)
{
    const sluice_shape four = sluice_shape_vector(4);
    const sluice_linear_config linear = {.out = 0};
    assert_layer_refused(four, SLUICE_F32, sluice_linear(), &linear,
                         "linear: 0 outputs; set `out` to 1 to ");
    const sluice_linear_config spread = {.out = 1, .std = -1};
    assert_layer_refused(four, SLUICE_F32, sluice_linear(), &spread,
                         "linear: weights that start with standard deviation "
                         "-1; set `std` to 0 or more");
    const sluice_linear_config both = {
        .out = 1, .std = 1, .init = SLUICE_INIT_HE};
    assert_layer_refused(four, SLUICE_F32, sluice_linear(), &both,
                         "with std 1; give std with init normal, and ");
    const sluice_embedding_config table = {
        .vocabulary = 3, .width = 2, .std = -1};
    assert_layer_refused(four, SLUICE_I32, sluice_embedding(), &table,
                         "embedding: a table that starts with standard "
                         "deviation -1");
    const sluice_timed_config timed = {.forward_ns = -1};
    assert_layer_refused(four, SLUICE_F32, sluice_timed(), &timed,
                         "timed: times of -1, 0, 0 and 0 ns; none can be "
                         "negative");
    const sluice_conv2d_config conv = {.channels = 0, .kernel = 1};
    assert_layer_refused((sluice_shape){3, {1, 4, 4}}, SLUICE_F32,
                         sluice_conv2d(), &conv,
                         "conv2d: 0 output channels; set `channels` to 1 to ");
}
END_TEST

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    (void)why;
    plan->out = plan->in;
    plan->n_params = 1;
    plan->params[0] = (sluice_param_spec){
        .name = "weight", .shape = plan->in, .init = SLUICE_INIT_ONE};
    plan->n_products = *(const int *)config;
    return SLUICE_OK;
}

static sluice_status pass(const sluice_layer_call *call)
{
    (void)call;
    return SLUICE_OK;
}

START_TEST(a_layer_of_ones_own_is_told_what_it_lacks)
{
    static const sluice_layer_ops lacking = {
        .name = "lacking",
        .config_bytes = sizeof(int),
        .infer = infer,
        .forward = pass,
        .backward_input = pass,
    };
    sluice_layer_ops many = lacking;
    const int none = 0, too_many = SLUICE_LAYER_MAX_PRODUCTS + 1;
    many.backward_weight = pass;
    assert_layer_refused(sluice_shape_vector(4), SLUICE_F32, &lacking, &none,
                         "layer lacking has parameters, so it must have "
                         "backward_weight()");
    assert_layer_refused(sluice_shape_vector(4), SLUICE_F32, &many, &too_many,
                         "layer lacking: 65 matrix products; 0 to 64 are "
                         "possible");
}
END_TEST

static sluice_pipeline_config config_of(const sluice_sgd_config *sgd)
{
    return (sluice_pipeline_config){
        .batch = ROWS,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = sgd,
    };
}

START_TEST(pipelines_say_what_is_wrong_with_their_configs)
{
    static const sluice_sgd_config nesterov = {.learning_rate = 1,
                                               .nesterov = true};
    static const sluice_sgd_config sgd = {.learning_rate = 1};
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_diag why;
    ck_assert_int_eq(sluice_model_parse("4-4", NULL, &model, NULL), SLUICE_OK);
    sluice_pipeline_config config = config_of(&nesterov);
    assert_says(sluice_pipeline_create(&config, model, &pipe, &why), &why,
                "sgd: Nesterov's method needs a momentum; set `momentum`");
    config = config_of(&sgd);
    config.device_cap_bytes = 64;
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                     SLUICE_OVER_CAP);
    ck_assert_ptr_nonnull(
        strstr(why.text, "bytes but its cap is 64; use more "));
    sluice_optimizer_ops nameless = *sluice_sgd();
    nameless.name = NULL;
    config = config_of(&sgd);
    config.optimizer = &nameless;
    assert_says(sluice_pipeline_create(&config, model, &pipe, &why), &why,
                "must have a name, infer() and apply()");
    config = config_of(&sgd);
    config.gemm = "atlas";
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                     SLUICE_NOT_FOUND);
    ck_assert_ptr_nonnull(
        strstr(why.text, "no GEMM backend is named atlas; there are "));
    sluice_model_destroy(model);
}
END_TEST

START_TEST(calls_say_what_is_wrong_with_their_arguments)
{
    static const sluice_sgd_config sgd = {.learning_rate = 1};
    static const float x[ROWS * 4];
    const sluice_pipeline_config config = config_of(&sgd);
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_trace trace;
    sluice_diag why;
    float value = 0;
    ck_assert_int_eq(sluice_model_parse("4-4", NULL, &model, NULL), SLUICE_OK);
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, NULL),
                     SLUICE_OK);
    assert_says(sluice_pipeline_step(pipe, NULL, x, ROWS, NULL, &why), &why,
                "`x` is NULL; give its rows");
    assert_says(sluice_pipeline_trace(pipe, &trace, &why), &why,
                "the pipeline was created without `trace`: nothing was "
                "recorded");
    ck_assert_int_eq(
        sluice_pipeline_get_parameter(pipe, "weight", &value, 1, &why),
        SLUICE_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(
        why.text, "no parameter \"weight\": names are LAYER.PARAMETER, as "));
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_gradient_check_says_which_numbers_it_takes)
{
    const sluice_activate_config relu = {SLUICE_RELU};
    const sluice_gradient_config config = {
        .input = sluice_shape_vector(4), .rows = 2, .step = -1};
    sluice_diag why;
    assert_says(
        sluice_gradient_check(sluice_activate(), &relu, &config, NULL, &why),
        &why,
        "a gradient check with 2 rows, step -1 and tolerance 0.01: "
        "give 1 to ");
}
END_TEST

SLUICE_TEST_MAIN("train.refusals", layers_say_what_is_wrong_with_their_configs,
                 a_layer_of_ones_own_is_told_what_it_lacks,
                 pipelines_say_what_is_wrong_with_their_configs,
                 calls_say_what_is_wrong_with_their_arguments,
                 a_gradient_check_says_which_numbers_it_takes)
