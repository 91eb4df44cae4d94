/* A checkpoint of a pipeline with a cut vocabulary: it is whole. */
#include <stdio.h>
#include <unistd.h>

#include <sluice/across_layers.h>
#include <sluice/checkpoint.h>

#include "equal.h"
#include "support/runner.h"

enum { BATCH = 4, WIDTH = 6, VOCABULARY = 13, LAYERS = 4 };

static sluice_model *model;

static sluice_pipeline *create(int devices, bool cut)
{
    static const sluice_adam_config adam = {
        .learning_rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    sluice_pipeline *pipe;
    sluice_diag why = {.text = ""};
    sluice_pipeline_config config = {
        .schedule = {.name = "1f1b", .devices = devices, .microbatches = 2},
        .vocabulary_parallel = cut,
        .batch = BATCH,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_adam(),
        .optimizer_config = &adam,
        .seed = 3,
    };
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    return pipe;
}

static void step(sluice_pipeline *pipe)
{
    float x[BATCH * WIDTH];
    const int32_t labels[BATCH] = {0, 12, 5, 7};
    for (int i = 0; i < BATCH * WIDTH; i++)
        x[i] = (float)(i % 7) - 3;
    ck_assert_int_eq(sluice_pipeline_step(pipe, x, labels, BATCH, NULL, NULL),
                     SLUICE_OK);
}

static void make_model(void)
{
    const sluice_linear_config linear = {.out = WIDTH};
    const sluice_head_config head = {.vocabulary = VOCABULARY};
    ck_assert_int_eq(
        sluice_model_create(
            &(sluice_model_config){.input = sluice_shape_vector(WIDTH)}, &model,
            NULL),
        SLUICE_OK);
    for (int i = 0; i < LAYERS; i++)
        ck_assert_int_eq(
            sluice_model_add(model, sluice_linear(), &linear, NULL), SLUICE_OK);
    ck_assert_int_eq(sluice_model_add(model, sluice_head(), &head, NULL),
                     SLUICE_OK);
}

START_TEST(a_checkpoint_is_whole_whatever_the_cut)
{
    static const struct {
        int devices;
        bool cut;
        int n_differences;
    } others[] = {{3, true, 0}, {2, true, 1}, {4, false, 1}, {1, false, 1}};
    char path[] = "/tmp/sluice-cut-head-XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    make_model();
    sluice_pipeline *pipe = create(3, true);
    step(pipe);
    ck_assert_int_eq(sluice_checkpoint_save(pipe, NULL, path, NULL), SLUICE_OK);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        sluice_pipeline *other = create(others[i].devices, others[i].cut);
        sluice_run run = {0};
        int n_differences = -1;
        sluice_diag why = {.text = ""};
        ck_assert_msg(
            !sluice_checkpoint_load(other, path, &run, &n_differences, &why),
            "%s", why.text);
        ck_assert_int_eq(n_differences, others[i].n_differences);
        ck_assert(are_equal(pipe, other));
        sluice_pipeline_destroy(other);
    }
    sluice_pipeline *again = create(3, true);
    sluice_run run = {0};
    int n_differences;
    ck_assert_int_eq(
        sluice_checkpoint_load(again, path, &run, &n_differences, NULL),
        SLUICE_OK);
    step(pipe);
    step(again);
    ck_assert(are_equal(pipe, again));
    sluice_pipeline_destroy(again);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    unlink(path);
}
END_TEST

SLUICE_TEST_MAIN("checkpoint.cut_head", a_checkpoint_is_whole_whatever_the_cut)
