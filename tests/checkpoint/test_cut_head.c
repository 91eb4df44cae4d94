/* A checkpoint of a pipeline with a cut vocabulary: it is whole. */
#include <stdio.h>
#include <unistd.h>

#include <sluice/checkpoint.h>

#include "equal.h"
#include "support/runner.h"

enum { BATCH = 4, WIDTH = 6, VOCABULARY = 13 };

static const float numbers[BATCH * WIDTH] = {1, -2, 3,  -1, 2, -3, 1,
                                             2, 3,  -1, 2,  1, 2,  3};
static const int32_t tokens[BATCH * WIDTH] = {1, 12, 3,  1, 2, 3, 0,
                                              5, 1,  11, 2, 1, 2, 3};

/* A head of numbers; one that is tied to an embedding, and one that is not. */
static const struct kind {
    const char *model;
    const void *x;
} kinds[] = {
    {"input(6); linear(6, init=he) x4; head(13)", numbers},
    {"gpt2(layers=4, heads=1, width=4, vocabulary=13, context=6)", tokens},
    {"gpt2(layers=4, heads=1, width=4, vocabulary=13, context=6, untied)",
     tokens},
};

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

static void step(sluice_pipeline *pipe, const struct kind *kind)
{
    int32_t labels[BATCH * WIDTH];
    for (int i = 0; i < BATCH * WIDTH; i++)
        labels[i] = i * 5 % VOCABULARY;
    ck_assert_int_eq(
        sluice_pipeline_step(pipe, kind->x, labels, BATCH, NULL, NULL),
        SLUICE_OK);
}

static void check(const struct kind *kind)
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
    ck_assert_int_eq(sluice_model_parse(kind->model, NULL, &model, NULL),
                     SLUICE_OK);
    sluice_pipeline *pipe = create(3, true);
    step(pipe, kind);
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
    step(pipe, kind);
    step(again, kind);
    ck_assert(are_equal(pipe, again));
    sluice_pipeline_destroy(again);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    unlink(path);
}

START_TEST(a_checkpoint_is_whole_whatever_the_cut)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        check(&kinds[i]);
}
END_TEST

SLUICE_TEST_MAIN("checkpoint.cut_head", a_checkpoint_is_whole_whatever_the_cut)
