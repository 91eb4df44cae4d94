/* A checkpoint of a pipeline of teams: it is whole, and knows of no team. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sluice/checkpoint.h>

#include "equal.h"
#include "support/runner.h"

enum { BATCH = 4, WIDTH = 64 };

static sluice_model *model;

static sluice_pipeline *create(int devices, int team)
{
    static const sluice_adam_config adam = {
        .learning_rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    sluice_pipeline *pipe;
    sluice_diag why = {.text = ""};
    const sluice_pipeline_config config = {
        .schedule = {.name = "1f1b", .devices = devices, .microbatches = 2},
        .team = team,
        .batch = BATCH,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_adam(),
        .optimizer_config = &adam,
        .seed = 3,
        .gemm = "plain",
    };
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    return pipe;
}

static void step(sluice_pipeline *pipe)
{
    static float x[BATCH * WIDTH], y[BATCH * WIDTH];
    for (int i = 0; i < BATCH * WIDTH; i++) {
        x[i] = (float)(i % 7) - 3;
        y[i] = (float)(i % 5) - 2;
    }
    ck_assert_int_eq(sluice_pipeline_step(pipe, x, y, BATCH, NULL, NULL),
                     SLUICE_OK);
}

START_TEST(training_goes_on_with_any_team)
{
    static const int others[][2] = {{2, 2}, {1, 1}, {3, 4}, {2, 3}};
    char path[] = "/tmp/sluice-team-XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    ck_assert(!sluice_model_parse("64-64x3-64", NULL, &model, NULL));
    sluice_pipeline *pipe = create(2, 2);
    step(pipe);
    ck_assert_int_eq(sluice_checkpoint_save(pipe, NULL, path, NULL), SLUICE_OK);
    sluice_pipeline *fresh = create(1, 1);
    ck_assert(!are_equal(pipe, fresh));
    sluice_pipeline_destroy(fresh);
    sluice_pipeline *first = NULL;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        sluice_pipeline *other = create(others[i][0], others[i][1]);
        sluice_run run = {0};
        int n_differences = -1;
        sluice_diag why = {.text = ""};
        ck_assert_msg(
            !sluice_checkpoint_load(other, path, &run, &n_differences, &why),
            "%s", why.text);
        ck_assert_int_eq(n_differences, 0);
        ck_assert(are_equal(pipe, other));
        step(other);
        ck_assert(!are_equal(pipe, other));
        if (first)
            ck_assert(are_equal(first, other));
        if (first)
            sluice_pipeline_destroy(other);
        else
            first = other;
    }
    sluice_pipeline_destroy(first);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    unlink(path);
}
END_TEST

/* The weights of a new pipeline, in PyTorch's layout. */
static size_t save(int team, char *bytes, size_t room)
{
    char path[] = "/tmp/sluice-team-XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    sluice_pipeline *pipe = create(2, team);
    ck_assert(!sluice_pipeline_save_model_as(pipe, NULL, SLUICE_LAYOUT_PYTORCH,
                                             path, NULL));
    close(file);
    FILE *written = fopen(path, "rb");
    ck_assert_ptr_nonnull(written);
    size_t n = fread(bytes, 1, room, written);
    fclose(written);
    sluice_pipeline_destroy(pipe);
    unlink(path);
    return n;
}

START_TEST(weights_for_pytorch_are_whole)
{
    static char whole[1 << 18], parted[sizeof whole];
    ck_assert(!sluice_model_parse("64-64x3-64", NULL, &model, NULL));
    size_t n = save(1, whole, sizeof whole);
    ck_assert_uint_gt(n, 4 * WIDTH * WIDTH * sizeof(float));
    ck_assert_uint_lt(n, sizeof whole);
    ck_assert_uint_eq(save(3, parted, sizeof parted), n);
    ck_assert(!memcmp(whole, parted, n));
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("checkpoint.team", training_goes_on_with_any_team,
                 weights_for_pytorch_are_whole)
