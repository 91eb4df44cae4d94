/*
 * What is trained with a vocabulary that is cut across the devices: tokens and
 * labels of rows with three positions, models with 13 rows of scores of which
 * two are padding, and settings.
 */
#ifndef SL_TEST_CUT_PROBLEM_H
#define SL_TEST_CUT_PROBLEM_H

#include <sluice/loss.h>
#include <sluice/optimizer.h>
#include <sluice/pipeline.h>

enum {
    SL_TEST_CUT_POSITIONS = 3,
    SL_TEST_CUT_WIDTH = 6,
    SL_TEST_CUT_VOCABULARY = 13,
    SL_TEST_CUT_OTHER_ROWS = 17, /* of an embedding with a table of its own */
    SL_TEST_CUT_CLASSES = 11,
    SL_TEST_CUT_STEPS = 3,
    SL_TEST_CUT_MOST_ROWS = 11,
};

/* One table for both ends, or one for each. */
enum { SL_TEST_CUT_TIED, SL_TEST_CUT_UNTIED, SL_TEST_CUT_N_MODELS };

static const char *const sl_test_cut_models[SL_TEST_CUT_N_MODELS] = {
    [SL_TEST_CUT_TIED] =
        "gpt2(layers=7, heads=2, width=6, vocabulary=13, context=3)",
    [SL_TEST_CUT_UNTIED] =
        "input(3, int32); embedding(17, width=6); linear(6, per-position, "
        "activation=tanh) x8; sequence{layer_norm(per-position); head(13)}",
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

#endif
