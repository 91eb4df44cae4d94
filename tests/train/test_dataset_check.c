/* Rows that cannot be trained on are named. */
#include "train/dataset_check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <sluice/train.h>

#include "support/runner.h"

enum { ROWS = 5, FEATURES = 3 };

static sluice_diag why;

static sluice_array make(sluice_element type, sluice_shape shape,
                         const void *values)
{
    sluice_array array;
    ck_assert(!sluice_array_init(&array, type, &shape, NULL, NULL));
    if (values)
        memcpy(array.data, values, array.bytes);
    return array;
}

static sluice_dataset *create(const sluice_dataset_config *config,
                              sluice_array features, sluice_array targets)
{
    sluice_dataset *dataset = NULL;
    ck_assert_msg(
        !sluice_dataset_create(config, &features, &targets, &dataset, &why),
        "%s", why.text);
    return dataset;
}

/* Rows of zeros with such targets. */
static sluice_dataset *with_targets(sluice_element type, sluice_shape shape,
                                    const void *values)
{
    return create(NULL,
                  make(SLUICE_F32, sluice_shape_matrix(ROWS, FEATURES), NULL),
                  make(type, shape, values));
}

static sluice_status check_targets(const sluice_dataset *dataset,
                                   const sluice_loss_ops *loss, int64_t out)
{
    static const sluice_config_room zeros;
    sluice_loss_plan plan = {.out = sluice_shape_vector(out), .config = &zeros};
    ck_assert(!loss->infer(&plan, NULL));
    return sl_dataset_check_targets(dataset, "training", loss->name, &plan,
                                    &why);
}

static void refused(sluice_status st, sluice_status expected, const char *says)
{
    ck_assert_int_eq(st, expected);
    ck_assert_int_eq(why.status, expected);
    ck_assert_msg(strstr(why.text, says), "%s", why.text);
}

START_TEST(targets_of_another_type_are_refused_with_both_types)
{
    const int32_t labels[ROWS] = {0, 1, 0, 1, 0};
    const float values[ROWS] = {0};
    sluice_dataset *ints =
        with_targets(SLUICE_I32, sluice_shape_vector(ROWS), labels);
    sluice_dataset *floats =
        with_targets(SLUICE_F32, sluice_shape_vector(ROWS), values);
    refused(check_targets(ints, sluice_mean_squared_error(), 1), SLUICE_INVALID,
            "targets of the training data are int32, but loss \"mse\" takes "
            "float32; store them as float32, or choose a loss for int32");
    refused(check_targets(floats, sluice_cross_entropy(), 2), SLUICE_INVALID,
            "are float32, but loss \"cross_entropy\" takes int32");
    ck_assert(!check_targets(ints, sluice_cross_entropy(), 2));
    ck_assert(!check_targets(floats, sluice_mean_squared_error(), 1));
    sluice_dataset_destroy(ints);
    sluice_dataset_destroy(floats);
}
END_TEST

START_TEST(targets_of_another_size_are_refused_with_both_sizes)
{
    sluice_dataset *one =
        with_targets(SLUICE_F32, sluice_shape_vector(ROWS), NULL);
    sluice_dataset *two =
        with_targets(SLUICE_F32, sluice_shape_matrix(ROWS, 2), NULL);
    refused(check_targets(one, sluice_mean_squared_error(), 3), SLUICE_INVALID,
            "has 1 value, but loss \"mse\" on this model takes 3; if they "
            "are class labels, store them as integers");
    refused(check_targets(two, sluice_mean_squared_error(), 3), SLUICE_INVALID,
            "has 2 values, but loss \"mse\" on this model takes 3");
    sluice_dataset_destroy(one);
    sluice_dataset_destroy(two);
}
END_TEST

START_TEST(a_loss_that_says_no_type_takes_any_of_its_size)
{
    const sluice_loss_plan four = {.target_row_bytes = 4, .row_terms = 1};
    const sluice_loss_plan eight = {.target_row_bytes = 8, .row_terms = 1};
    const sluice_element types[] = {SLUICE_F32, SLUICE_I32};
    for (int i = 0; i < 2; i++) {
        sluice_dataset *dataset =
            with_targets(types[i], sluice_shape_vector(ROWS), NULL);
        ck_assert(
            !sl_dataset_check_targets(dataset, "test", "own", &four, &why));
        refused(sl_dataset_check_targets(dataset, "test", "own", &eight, &why),
                SLUICE_INVALID,
                "a target of the test data has 4 bytes, but loss \"own\" on "
                "this model takes 8");
        sluice_dataset_destroy(dataset);
    }
}
END_TEST

START_TEST(the_first_row_with_a_label_out_of_range_is_named)
{
    const int32_t labels[ROWS] = {0, 2, 1, 7, 9};
    sluice_dataset *dataset =
        with_targets(SLUICE_I32, sluice_shape_vector(ROWS), labels);
    ck_assert(!check_targets(dataset, sluice_cross_entropy(), 10));
    refused(check_targets(dataset, sluice_cross_entropy(), 9), SLUICE_INVALID,
            "row 4 of the training data, counted from 0, has label 9, but the "
            "model has 9 outputs, for labels from 0 to 8");
    refused(check_targets(dataset, sluice_cross_entropy(), 7), SLUICE_INVALID,
            "row 3");
    refused(check_targets(dataset, sluice_cross_entropy(), 1), SLUICE_INVALID,
            "row 1");
    sluice_dataset_destroy(dataset);
}
END_TEST

START_TEST(below_zero_the_label_that_the_loss_ignores_is_allowed)
{
    const int32_t labels[2 * ROWS] = {0, 2, -100, 1, 0, 0, 0, -1, -100, -100};
    const sluice_dataset_config negative = {.negative = true};
    sluice_loss_choice loss;
    ck_assert(!sluice_loss_parse("cross_entropy:ignore=-1", &loss, NULL));
    sluice_loss_plan plan = {.out = sluice_shape_matrix(2, 3),
                             .config = &loss.config};
    sluice_dataset *dataset = create(
        &negative, make(SLUICE_F32, sluice_shape_matrix(ROWS, FEATURES), NULL),
        make(SLUICE_I32, sluice_shape_matrix(ROWS, 2), labels));
    ck_assert(!loss.ops->infer(&plan, NULL));
    refused(sl_dataset_check_targets(dataset, "test", "ce", &plan, &why),
            SLUICE_INVALID,
            "row 1 of the test data, counted from 0, has label -100; below 0 "
            "the loss takes -1 alone");
    plan.ignored = -100;
    refused(sl_dataset_check_targets(dataset, "test", "ce", &plan, &why),
            SLUICE_INVALID, "row 3 of the test data");
    plan.classes = 2;
    refused(sl_dataset_check_targets(dataset, "test", "ce", &plan, &why),
            SLUICE_INVALID, "row 0 of the test data");
    plan.target_row_bytes = 12;
    refused(sl_dataset_check_targets(dataset, "test", "ce", &plan, &why),
            SLUICE_INVALID,
            "a row of the test data has 2 labels, but loss \"ce\" on this "
            "model takes 3");
    sluice_dataset_destroy(dataset);
}
END_TEST

START_TEST(a_feature_that_is_not_finite_is_named)
{
    for (int i = 0; i < ROWS * FEATURES; i++) {
        float x[ROWS * FEATURES] = {0};
        char want[96];
        x[i] = i % 2 ? NAN : -INFINITY;
        sluice_dataset *dataset = create(
            NULL, make(SLUICE_F32, sluice_shape_matrix(ROWS, FEATURES), x),
            make(SLUICE_I32, sluice_shape_vector(ROWS), NULL));
        snprintf(want, sizeof want,
                 "row %d of the test data, counted from 0: feature %d is %s;",
                 i / FEATURES, i % FEATURES, i % 2 ? "NaN" : "-infinity");
        refused(sl_dataset_check_finite(dataset, "test", &why),
                SLUICE_NOT_FINITE, want);
        sluice_dataset_destroy(dataset);
    }
}
END_TEST

START_TEST(a_target_that_is_not_finite_is_named)
{
    float t[ROWS * 2] = {0};
    t[7] = INFINITY;
    sluice_dataset *dataset =
        with_targets(SLUICE_F32, sluice_shape_matrix(ROWS, 2), t);
    refused(sl_dataset_check_finite(dataset, "training", &why),
            SLUICE_NOT_FINITE,
            "row 3 of the training data, counted from 0: "
            "target 1 is infinity");
    sluice_dataset_destroy(dataset);
}
END_TEST

/* 2^127 times 4 is beyond a float, 2^127 is not. */
START_TEST(a_feature_that_is_infinite_once_normalized_is_named)
{
    const float x[ROWS] = {0, 0x1p127f, 0, 0, 0};
    const uint8_t bytes[ROWS] = {1, 0, 255, 0, 0};
    const sluice_dataset_config four = {.scale = 4};
    const sluice_dataset_config huge = {.scale = 0x1p127};
    sluice_dataset *dataset =
        create(&four, make(SLUICE_F32, sluice_shape_vector(ROWS), x),
               make(SLUICE_I32, sluice_shape_vector(ROWS), NULL));
    refused(sl_dataset_check_finite(dataset, "training", &why),
            SLUICE_NOT_FINITE, "row 1");
    sluice_dataset_destroy(dataset);
    dataset = create(&huge, make(SLUICE_U8, sluice_shape_vector(ROWS), bytes),
                     make(SLUICE_I32, sluice_shape_vector(ROWS), NULL));
    refused(sl_dataset_check_finite(dataset, "training", &why),
            SLUICE_NOT_FINITE, "row 2");
    sluice_dataset_destroy(dataset);
}
END_TEST

START_TEST(finite_rows_of_every_type_pass)
{
    const sluice_element types[] = {SLUICE_U8, SLUICE_F32, SLUICE_I32};
    for (int i = 0; i < 3; i++) {
        sluice_dataset *dataset = create(
            NULL, make(types[i], sluice_shape_matrix(ROWS, FEATURES), NULL),
            make(SLUICE_F32, sluice_shape_vector(ROWS), NULL));
        ck_assert(!sl_dataset_check_finite(dataset, "training", &why));
        sluice_dataset_destroy(dataset);
    }
}
END_TEST

/* A pipeline, and rows with the label 2 and one feature that is NaN. */
static sluice_status train(const sluice_loss_ops *loss, int out,
                           sluice_finite finite, float feature)
{
    const int32_t labels[ROWS] = {0, 1, 2, 0, 1};
    const float x[ROWS] = {0, 0, feature, 0, 0};
    const sluice_sgd_config sgd = {.learning_rate = 0.1};
    sluice_model *model;
    sluice_pipeline *pipe;
    char text[32];
    snprintf(text, sizeof text, "1-%d", out);
    ck_assert(!sluice_model_parse(text, NULL, &model, NULL));
    const sluice_pipeline_config how = {
        .batch = ROWS,
        .loss = loss,
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .finite = finite,
    };
    ck_assert(!sluice_pipeline_create(&how, model, &pipe, NULL));
    sluice_dataset *dataset =
        create(NULL, make(SLUICE_F32, sluice_shape_vector(ROWS), x),
               make(SLUICE_I32, sluice_shape_vector(ROWS), labels));
    const sluice_train_config config = {
        .epochs = 1,
        .batch = 2,
        .in_order = true,
        .train = dataset,
    };
    sluice_status st = sluice_train(pipe, &config, NULL, &why);
    ck_assert_uint_eq(sluice_pipeline_n_steps(pipe), st ? 0 : 3);
    sluice_dataset_destroy(dataset);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    return st;
}

START_TEST(training_checks_all_rows_before_its_first_step)
{
    const sluice_loss_ops *entropy = sluice_cross_entropy();
    ck_assert(!train(entropy, 3, SLUICE_FINITE_LOSS, 1));
    refused(train(entropy, 2, SLUICE_FINITE_LOSS, 1), SLUICE_INVALID,
            "row 2 of the training data");
    refused(train(sluice_mean_squared_error(), 1, SLUICE_FINITE_LOSS, 1),
            SLUICE_INVALID, "are int32");
    refused(train(entropy, 3, SLUICE_FINITE_LOSS, NAN), SLUICE_NOT_FINITE,
            "row 2 of the training data");
    ck_assert(!train(entropy, 3, SLUICE_FINITE_OFF, NAN));
}
END_TEST

SLUICE_TEST_MAIN("train.dataset_check",
                 targets_of_another_type_are_refused_with_both_types,
                 targets_of_another_size_are_refused_with_both_sizes,
                 a_loss_that_says_no_type_takes_any_of_its_size,
                 the_first_row_with_a_label_out_of_range_is_named,
                 below_zero_the_label_that_the_loss_ignores_is_allowed,
                 a_feature_that_is_not_finite_is_named,
                 a_target_that_is_not_finite_is_named,
                 a_feature_that_is_infinite_once_normalized_is_named,
                 finite_rows_of_every_type_pass,
                 training_checks_all_rows_before_its_first_step)
