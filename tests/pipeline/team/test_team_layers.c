/*
 * Layers that a team divides: each device has an equal share of what they hold,
 * to the byte; products by OpenBLAS agree within rounding.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/gemm.h>
#include <sluice/pipeline.h>

#include "support/grid.h"
#include "support/runner.h"

enum { BATCH = 4, POSITIONS = 8, VOCABULARY = 64, STEPS = 2, MOST = 8 };

/* GPT without norms, whose vectors one device of a team has; and the blocks of
 * GPT-2 and of Llama. */
static const char divided[] =
    "input(8, int32); embedding(64, width=128); position_embedding(8); "
    "residual{attention(heads=4, kv-heads=2, causal)}; "
    "linear(256, activation=gelu, per-position); glu(activation=silu); "
    "dropout(0.1); linear(128, per-position); head(64)";
static const char blocks[] =
    "input(8, int32); embedding(64, width=128); position_embedding(8); "
    "residual{layer_norm(per-position); attention(heads=4, causal)}; "
    "residual{layer_norm(per-position); linear(256, activation=gelu, "
    "per-position); linear(128, per-position)}; "
    "residual{rms_norm(per-position); attention(heads=8, kv-heads=1, causal, "
    "rotary=10000, no-bias)}; "
    "residual{rms_norm(per-position); linear(256, per-position, no-bias); "
    "glu(activation=silu); linear(128, per-position, no-bias)}; head(64)";

/* Layers on planes: by images, channels or groups of channels. */
static const char planes[] =
    "input(2x8x8); conv2d(8, padding=1, no-bias); batch_norm; "
    "activate(relu); max_pool(3, stride=2, padding=1); group_norm(4); "
    "upsample(2); average_pool(2); conv2d(20, padding=1, stride=2, groups=4, "
    "activation=gelu); batch_norm(activation=silu); residual{group_norm(1); "
    "conv2d(20, "
    "kernel=1)}; reshape(channels=5, height=4, width=4); global_average_pool; "
    "batch_norm; timed; "
    "linear(16)";

/* 64 channels of the output each, which two and four devices share evenly. */
static const char convolutions[] =
    "input(2x8x8); conv2d(64, padding=1, activation=relu); conv2d(64, "
    "padding=1, stride=2, groups=4); conv2d(64, kernel=1); "
    "global_average_pool; linear(64)";

/* Fewer channels and columns than devices, on both sides of a layer. */
static const char narrow[] =
    "input(2x8x8); reshape(channels=1, height=16, width=8); conv2d(2, "
    "padding=1, activation=relu); conv2d(3, stride=2); group_norm(1); "
    "conv2d(1, kernel=1); max_pool(2); linear(2); linear(5)";

static const char residual[] =
    "input(2x8x8); resnet(blocks=1, width=8, classes=64)";

static sluice_model *model;
static float pixels[BATCH * 2 * 8 * 8];
static int32_t tokens[BATCH * POSITIONS], labels[BATCH * POSITIONS];

static void setup(const char *text)
{
    sluice_diag why;
    ck_assert_msg(!sluice_model_parse(text, NULL, &model, &why), "%s",
                  why.text);
    for (int i = 0; i < BATCH * 2 * 8 * 8; i++)
        pixels[i] = (float)(i * 37 % 101) / 50 - 1;
    for (int i = 0; i < BATCH * POSITIONS; i++) {
        tokens[i] = i * 7 % VOCABULARY;
        labels[i] = i * 5 % VOCABULARY;
    }
}

static sluice_pipeline_config config_of(int devices, int team, const char *gemm)
{
    static const sluice_sgd_config sgd = {
        .learning_rate = 0.1, .momentum = 0.9, .clip = 1};
    return (sluice_pipeline_config){
        .schedule = {.devices = devices, .microbatches = 2},
        .team = team,
        .batch = BATCH,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .seed = 5,
        .gemm = gemm,
    };
}

static sluice_pipeline *train(int devices, int team, const char *gemm)
{
    const sluice_pipeline_config config = config_of(devices, team, gemm);
    sluice_pipeline *pipe;
    sluice_diag why;
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    bool is_text = sluice_model_input_type(model) == SLUICE_I32;
    for (int s = 0; s < STEPS; s++)
        ck_assert_msg(!sluice_pipeline_step(pipe,
                                            is_text ? (const void *)tokens
                                                    : (const void *)pixels,
                                            labels, BATCH, NULL, &why),
                      "%s", why.text);
    return pipe;
}

/* The largest difference of any parameter. */
static double difference(const sluice_pipeline *a, const sluice_pipeline *b)
{
    sluice_parameter at = {0};
    double most = 0;
    while (sluice_model_next_parameter(model, &at)) {
        float *values = calloc((size_t)at.n, 2 * sizeof *values);
        float *others = values + at.n;
        ck_assert(
            !sluice_pipeline_get_parameter(a, at.name, values, at.n, NULL));
        ck_assert(
            !sluice_pipeline_get_parameter(b, at.name, others, at.n, NULL));
        for (int64_t i = 0; i < at.n; i++)
            most = fmax(most, fabs((double)values[i] - (double)others[i]));
        free(values);
    }
    return most;
}

static double difference_by(int devices, int team, const char *gemm)
{
    sluice_pipeline *one = train(1, 1, gemm);
    sluice_pipeline *other = train(devices, team, gemm);
    double most = difference(one, other);
    sluice_pipeline_destroy(other);
    sluice_pipeline_destroy(one);
    return most;
}

START_TEST(teams_of_two_and_four_train_blocks_to_the_bits_of_one_device)
{
    setup(blocks);
    ck_assert_double_eq(difference_by(2, 2, "plain"), 0);
    if (sluice_gemm_is_built("packed")) {
        ck_assert_double_eq(difference_by(2, 2, "packed"), 0);
        ck_assert_double_eq(difference_by(1, 4, "packed"), 0);
    }
    sluice_model_destroy(model);
}
END_TEST

START_TEST(teams_train_image_layers_to_the_bits_of_one_device)
{
    setup(planes);
    ck_assert_double_eq(difference_by(1, 2, "plain"), 0);
    ck_assert_double_eq(difference_by(2, 3, "plain"), 0);
    if (sluice_gemm_is_built("packed"))
        ck_assert_double_eq(difference_by(2, 4, "packed"), 0);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(teams_train_narrow_layers_to_the_bits_of_one_device)
{
    setup(narrow);
    for (int i = 0; i < BATCH * POSITIONS; i++)
        labels[i] %= 5;
    for (int team = 2; team <= 4; team++)
        for (int devices = 1; devices <= 2; devices++) {
            if (sl_test_skips())
                continue;
            ck_assert_double_eq(difference_by(devices, team, "plain"), 0);
            if (sluice_gemm_is_built("packed"))
                ck_assert_double_eq(difference_by(devices, team, "packed"), 0);
        }
    ck_assert_double_le(difference_by(2, 4, "openblas"), 1e-5);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(teams_train_a_resnet_to_the_bits_of_one_device)
{
    setup(residual);
    ck_assert_double_eq(difference_by(1, 2, "plain"), 0);
    ck_assert_double_eq(difference_by(2, 3, "plain"), 0);
    if (sluice_gemm_is_built("packed"))
        for (int team = 2; team <= 4; team++)
            ck_assert_double_eq(difference_by(team % 2 + 1, team, "packed"), 0);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(teams_by_openblas_agree_within_rounding)
{
    setup(blocks);
    ck_assert_double_le(difference_by(2, 2, "openblas"), 1e-5);
    ck_assert_double_le(difference_by(1, 4, "openblas"), 1e-5);
    sluice_model_destroy(model);
}
END_TEST

/* Shares of devices `team` times as many as there are places. */
static void check_shares(int devices, int team)
{
    sluice_memory_plan one[MOST], plans[MOST];
    sluice_pipeline_config config = config_of(devices, 1, "plain");
    ck_assert(!sluice_pipeline_plan(model, &config, one, NULL));
    config.team = team;
    ck_assert(!sluice_pipeline_plan(model, &config, plans, NULL));
    sluice_pipeline *pipe;
    ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
    for (int d = 0; d < devices * team; d++) {
        const sluice_memory_plan *whole = &one[d / team];
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        ck_assert_uint_eq(info.actual_bytes, plans[d].total);
        ck_assert_uint_eq(plans[d].parameters * (size_t)team,
                          whole->parameters);
        ck_assert_uint_eq(plans[d].gradients * (size_t)team, whole->gradients);
        ck_assert_uint_eq(plans[d].optimizer * (size_t)team, whole->optimizer);
        ck_assert_uint_lt(plans[d].stash, whole->stash);
    }
    sluice_pipeline_destroy(pipe);
}

START_TEST(each_device_has_an_equal_share_of_all_that_divided_layers_hold)
{
    setup(divided);
    check_shares(1, 2);
    check_shares(1, 4);
    check_shares(2, 2);
    check_shares(2, 4);
    sluice_model_destroy(model);
    setup(convolutions);
    check_shares(1, 2);
    check_shares(1, 4);
    sluice_model_destroy(model);
}
END_TEST

/* The vectors of a norm lie on one device, in turn. */
START_TEST(what_blocks_hold_differs_among_devices_by_the_vectors_of_norms)
{
    enum { NORMS = 2 * 2 * 128 + 2 * 128, TEAM = 2 };
    sluice_memory_plan one, plans[TEAM];
    setup(blocks);
    sluice_pipeline_config config = config_of(1, 1, "plain");
    ck_assert(!sluice_pipeline_plan(model, &config, &one, NULL));
    config.team = TEAM;
    ck_assert(!sluice_pipeline_plan(model, &config, plans, NULL));
    ck_assert_uint_eq(plans[0].parameters + plans[1].parameters,
                      one.parameters);
    for (int d = 0; d < TEAM; d++)
        ck_assert_uint_le(2 * plans[d].parameters,
                          one.parameters + NORMS * sizeof(float));
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_tied_norm_is_refused_with_the_layers)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    setup("input(8, int32); embedding(64, width=64); "
          "layer_norm(per-position); layer_norm(per-position); head(64)");
    ck_assert(!sluice_model_tie(model, "2.weight", "1.weight", NULL));
    const sluice_pipeline_config config = config_of(1, 2, "plain");
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "weight of layer 2 (layer_norm) is tied to "
                                   "one of layer 1 (layer_norm)"),
                  "%s", why.text);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.team_layers",
                 teams_of_two_and_four_train_blocks_to_the_bits_of_one_device,
                 teams_train_image_layers_to_the_bits_of_one_device,
                 teams_train_narrow_layers_to_the_bits_of_one_device,
                 teams_train_a_resnet_to_the_bits_of_one_device,
                 teams_by_openblas_agree_within_rounding,
                 each_device_has_an_equal_share_of_all_that_divided_layers_hold,
                 what_blocks_hold_differs_among_devices_by_the_vectors_of_norms,
                 a_tied_norm_is_refused_with_the_layers)
