/*
 * What checks cost, for NaN and infinity and of what is recomputed: pipelines
 * that differ in nothing else make steps in turn, and the medians are compared.
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

static sluice_pipeline *make(const sluice_model *model, sluice_finite finite,
                             sluice_remat remat, bool check_recompute)
{
    static const sluice_sgd_config sgd = {.learning_rate = 1e-6};
    sluice_pipeline *pipe;
    sluice_diag why;
    const sluice_pipeline_config config = {
        .schedule = {.name = "1f1b", .devices = 2, .microbatches = 8},
        .remat = remat,
        .batch = BATCH,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .finite = finite,
        .check_recompute = check_recompute,
        .pinning = SLUICE_PIN_OFF,
    };
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    return pipe;
}

/* Steps in turn; the medians of their times.  Destroys the pipelines. */
static void measure(sluice_pipeline **pipes, int n, double *medians_ns)
{
    static float x[BATCH * WIDTH], t[BATCH * WIDTH];
    static int64_t times[WAYS][ROUNDS];
    for (int i = 0; i < BATCH * WIDTH; i++)
        x[i] = (float)(i % 17) / 17;
    for (int round = 0; round < ROUNDS; round++)
        for (int k = 0; k < n; k++) {
            int w = (k + round) % n;
            int64_t begin = sl_now_ns();
            ck_assert(!sluice_pipeline_step(pipes[w], x, t, BATCH, NULL, NULL));
            times[w][round] = sl_now_ns() - begin;
        }
    for (int w = 0; w < n; w++) {
        qsort(times[w], ROUNDS, sizeof times[w][0], rising);
        medians_ns[w] = (double)times[w][ROUNDS / 2];
        sluice_pipeline_destroy(pipes[w]);
    }
}

static double per_cent_more(double than, double ns)
{
    return 100 * (ns / than - 1);
}

START_TEST(checking_what_stages_hand_on_costs_at_most_2_per_cent)
{
    sluice_pipeline *pipes[WAYS];
    double ns[WAYS];
    sluice_model *model;
    ck_assert(!sluice_model_parse("256-256x10", NULL, &model, NULL));
    for (int w = 0; w < WAYS; w++)
        pipes[w] = make(model, ways[w], SLUICE_REMAT_NEVER, false);
    measure(pipes, WAYS, ns);
    printf("step %.0f us; gradients %+.1f %%, boundaries as well %+.1f %%\n",
           ns[0] / 1e3, per_cent_more(ns[0], ns[1]),
           per_cent_more(ns[0], ns[2]));
    ck_assert_double_le(per_cent_more(ns[0], ns[2]), MOST_PER_CENT);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(checking_what_is_recomputed_costs_at_most_2_per_cent)
{
    sluice_pipeline *pipes[2];
    double ns[2];
    sluice_model *model;
    ck_assert(!sluice_model_parse("256-256x10", NULL, &model, NULL));
    for (int w = 0; w < 2; w++)
        pipes[w] = make(model, SLUICE_FINITE_LOSS, SLUICE_REMAT_ALWAYS, w == 1);
    measure(pipes, 2, ns);
    printf("step %.0f us; recomputation checked %+.1f %%\n", ns[0] / 1e3,
           per_cent_more(ns[0], ns[1]));
    ck_assert_double_le(per_cent_more(ns[0], ns[1]), MOST_PER_CENT);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("finite_cost",
                 checking_what_stages_hand_on_costs_at_most_2_per_cent,
                 checking_what_is_recomputed_costs_at_most_2_per_cent)
