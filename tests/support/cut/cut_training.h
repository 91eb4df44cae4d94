/*
 * Trainings with a vocabulary that is cut across the devices, in pipelines
 * whose plan is checked to the byte.
 */
#ifndef SL_TEST_CUT_TRAINING_H
#define SL_TEST_CUT_TRAINING_H

#include "support/cut/cut_problem.h"
#include "support/cut/near_training.h"
#include "support/parse_model.h"
#include "support/values.h"

/* Train by the optimizer of that text: its settings last until the next call.
 */
static inline void sl_test_cut_optimize(sluice_pipeline_config *config,
                                        const char *optimizer)
{
    static sluice_optimizer_choice choice;
    ck_assert(!sluice_optimizer_parse(optimizer, &choice, NULL));
    config->optimizer = choice.ops;
    config->optimizer_config = &choice.config;
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
    sluice_model *model = sl_test_parse(text);
    sluice_pipeline *pipe = sl_test_cut_create(&config, model);
    sl_test_cut_fill(&data);
    sl_test_trains_near(pipe, &config, model, data.x, data.labels,
                        SL_TEST_CUT_STEPS);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

/* Evaluation and inference of a batch are those of the reference, in which the
 * vocabulary is whole, within rounding. */
static inline void sl_test_cut_infers(const sluice_pipeline_config *config,
                                      const sluice_model *model, const void *x,
                                      const int32_t *labels)
{
    enum {
        MOST_SCORES = SL_TEST_CUT_MOST_ROWS * SL_TEST_CUT_POSITIONS *
                      SL_TEST_CUT_VOCABULARY
    };
    static float have[MOST_SCORES], want[MOST_SCORES];
    const int64_t rows = config->batch;
    sluice_pipeline *pipe = sl_test_cut_create(config, model);
    sluice_reference *ref;
    sluice_result got, judged;
    ck_assert_int_le(rows, SL_TEST_CUT_MOST_ROWS);
    ck_assert(!sluice_reference_create(config, model, &ref, NULL));
    ck_assert(!sluice_pipeline_evaluate(pipe, x, labels, rows, &got, NULL));
    ck_assert(!sluice_reference_evaluate(ref, x, labels, rows, &judged, NULL));
    ck_assert_double_eq_tol(got.loss, judged.loss, 1e-6 * judged.loss);
    ck_assert_int_eq(got.correct, judged.correct);
    ck_assert(!sluice_pipeline_infer(pipe, x, rows, have, NULL));
    ck_assert(!sluice_reference_infer(ref, x, rows, want, NULL));
    for (int64_t i = 0; i < MOST_SCORES / SL_TEST_CUT_MOST_ROWS * rows; i++)
        ck_assert_float_eq_tol(have[i], want[i], 1e-5F);
    sluice_reference_destroy(ref);
    sluice_pipeline_destroy(pipe);
}

/* All parameters after some steps of so many rows. */
static inline void sl_test_cut_train(const char *text,
                                     sluice_pipeline_config config,
                                     int64_t rows,
                                     struct sl_test_values *values)
{
    struct sl_test_cut_data data;
    sluice_model *model = sl_test_parse(text);
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
