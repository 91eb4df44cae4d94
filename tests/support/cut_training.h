/*
 * Trainings with a vocabulary that is cut across the devices: tokens and
 * labels of rows with three positions, 13 rows of a table of which two outputs
 * are padding, and pipelines whose plan is checked to the byte.
 */
#ifndef SL_TEST_SUPPORT_CUT_TRAINING_H
#define SL_TEST_SUPPORT_CUT_TRAINING_H

#include <sluice/layer.h>
#include <sluice/loss.h>
#include <sluice/optimizer.h>

#include "support/near_training.h"
#include "support/values.h"

enum {
    SL_TEST_CUT_POSITIONS = 3,
    SL_TEST_CUT_VOCABULARY = 13,
    SL_TEST_CUT_CLASSES = 11,
    SL_TEST_CUT_STEPS = 3,
    SL_TEST_CUT_MOST_ROWS = 11,
};

static const sluice_cross_entropy_config sl_test_cut_loss = {
    .classes = SL_TEST_CUT_CLASSES, .label_smoothing = 0.1};

/* Tokens, one of which is in every row, and labels, some ignored. */
struct sl_test_cut_data {
    int32_t x[SL_TEST_CUT_MOST_ROWS * SL_TEST_CUT_POSITIONS];
    int32_t labels[SL_TEST_CUT_MOST_ROWS * SL_TEST_CUT_POSITIONS];
};

static inline void sl_test_cut_labels(int n, int32_t *labels)
{
    for (int i = 0; i < n; i++)
        labels[i] = i % 5 == 4 ? -100 : i * 7 % SL_TEST_CUT_CLASSES;
}

static inline void sl_test_cut_fill(struct sl_test_cut_data *data)
{
    enum { N = SL_TEST_CUT_MOST_ROWS * SL_TEST_CUT_POSITIONS };
    for (int i = 0; i < N; i++)
        data->x[i] =
            i % SL_TEST_CUT_POSITIONS == 1 ? 5 : i * 5 % SL_TEST_CUT_VOCABULARY;
    sl_test_cut_labels(N, data->labels);
}

static inline sluice_model *sl_test_cut_parse(const char *text)
{
    sluice_model *model = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_model_parse(text, NULL, &model, &why), "%s",
                  why.text);
    return model;
}

static inline sluice_pipeline_config sl_test_cut_config(const char *schedule,
                                                        int devices,
                                                        int microbatches,
                                                        int64_t batch)
{
    static const sluice_sgd_config sgd = {
        .learning_rate = 0.3F, .momentum = 0.9F, .clip = 1};
    return (sluice_pipeline_config){
        .schedule = {.name = schedule,
                     .devices = devices,
                     .microbatches = microbatches,
                     .backward_order = SLUICE_IN_ORDER},
        .vocabulary_parallel = true,
        .batch = batch,
        .uneven = true,
        .loss = sluice_cross_entropy(),
        .loss_config = &sl_test_cut_loss,
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .seed = 5,
        .queue_capacity = 4,
    };
}

/* A pipeline that takes as much memory as planned. */
static inline sluice_pipeline *
sl_test_cut_create(const sluice_pipeline_config *config,
                   const sluice_model *model)
{
    sluice_pipeline *pipe;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_pipeline_create(config, model, &pipe, &why), "%s",
                  why.text);
    for (int d = 0; d < sluice_pipeline_n_devices(pipe); d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        ck_assert_uint_eq(info.actual_bytes, info.planned.total);
    }
    return pipe;
}

/* The model trains on the tokens as the reference does, within rounding. */
static inline void sl_test_cut_compare(const char *text,
                                       sluice_pipeline_config config)
{
    struct sl_test_cut_data data;
    sluice_model *model = sl_test_cut_parse(text);
    sluice_pipeline *pipe = sl_test_cut_create(&config, model);
    sl_test_cut_fill(&data);
    sl_test_trains_near(pipe, &config, model, data.x, data.labels,
                        SL_TEST_CUT_STEPS);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

/* All parameters after some steps of so many rows. */
static inline void sl_test_cut_train(const char *text,
                                     sluice_pipeline_config config,
                                     int64_t rows,
                                     struct sl_test_values *values)
{
    struct sl_test_cut_data data;
    sluice_model *model = sl_test_cut_parse(text);
    sluice_pipeline *pipe = sl_test_cut_create(&config, model);
    sl_test_cut_fill(&data);
    for (int step = 0; step < SL_TEST_CUT_STEPS; step++)
        ck_assert_int_eq(
            sluice_pipeline_step(pipe, data.x, data.labels, rows, NULL, NULL),
            SLUICE_OK);
    sl_test_read(pipe, model, false, values);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

#endif
