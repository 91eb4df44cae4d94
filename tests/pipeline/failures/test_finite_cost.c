/*
 * What the checks for NaN and infinity cost: three pipelines that differ in
 * nothing else make steps in turn, and the medians are compared.
 */
#include <stdio.h>
#include <stdlib.h>

#include <sluice/model.h>
#include <sluice/pipeline.h>

#include "base/clock.h"
#include "support/runner.h"

enum { WIDTH = 256, BATCH = 256, ROUNDS = 401, WAYS = 3, MOST_PER_CENT = 2 };

static const sluice_finite ways[WAYS] = {
    SLUICE_FINITE_OFF, SLUICE_FINITE_GRADIENTS, SLUICE_FINITE_BOUNDARIES};

static int rising(const void *a, const void *b)
{
    const int64_t *s = a, *t = b;
    return (*s > *t) - (*s < *t);
}

static sluice_pipeline *make(const sluice_model *model, sluice_finite finite)
{
    static const sluice_sgd_config sgd = {.learning_rate = 1e-6};
    sluice_pipeline *pipe;
    sluice_diag why;
    const sluice_pipeline_config config = {
        .schedule = {.name = "1f1b", .devices = 2, .microbatches = 8},
        .batch = BATCH,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .finite = finite,
        .pinning = SLUICE_PIN_OFF,
    };
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    return pipe;
}

START_TEST(checking_what_stages_hand_on_costs_at_most_2_per_cent)
{
    static float x[BATCH * WIDTH], t[BATCH * WIDTH];
    static int64_t times[WAYS][ROUNDS];
    sluice_pipeline *pipes[WAYS];
    sluice_model *model;
    ck_assert(!sluice_model_parse("256-256x10", NULL, &model, NULL));
    for (int i = 0; i < BATCH * WIDTH; i++)
        x[i] = (float)(i % 17) / 17;
    for (int w = 0; w < WAYS; w++)
        pipes[w] = make(model, ways[w]);
    for (int round = 0; round < ROUNDS; round++)
        for (int k = 0; k < WAYS; k++) {
            int w = (k + round) % WAYS;
            int64_t begin = sl_now_ns();
            ck_assert(!sluice_pipeline_step(pipes[w], x, t, BATCH, NULL, NULL));
            times[w][round] = sl_now_ns() - begin;
        }
    for (int w = 0; w < WAYS; w++) {
        qsort(times[w], ROUNDS, sizeof times[w][0], rising);
        sluice_pipeline_destroy(pipes[w]);
    }
    double off = (double)times[0][ROUNDS / 2];
    double gradients = 100 * ((double)times[1][ROUNDS / 2] / off - 1);
    double boundaries = 100 * ((double)times[2][ROUNDS / 2] / off - 1);
    printf("step %.0f us; gradients %+.1f %%, boundaries as well %+.1f %%\n",
           off / 1e3, gradients, boundaries);
    ck_assert_double_le(boundaries, MOST_PER_CENT);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("finite_cost",
                 checking_what_stages_hand_on_costs_at_most_2_per_cent)
