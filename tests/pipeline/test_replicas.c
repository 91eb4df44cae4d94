/*
 * Data parallelism: replicas equal the reference that shares the rows alike,
 * and whatever fails in one of them changes nothing in any.
 */
#include <string.h>

#include "support/faults/fault.h"
#include "support/grid.h"
#include "support/runner.h"

enum { LAYERS = 5, BATCH = 17 };

static void check(const struct sl_test_problem *problem,
                  const sluice_pipeline_config *config)
{
    /* Whole, partial, and fewer rows than replicas. */
    static const int rows[] = {BATCH, 7, 2, 1, BATCH};
    struct sl_test_pair pair;
    ck_assert_msg(!sl_test_pair_init(&pair, problem, config), "%s",
                  pair.why.text);
    long wrong = 0;
    for (int s = 0; s < 5; s++)
        wrong += sl_test_step(&pair, 2 * s, rows[s]);
    wrong += sl_test_evaluate(&pair, 1, 2 * BATCH + 3);
    wrong += sl_test_infer(&pair, 0, BATCH + 2);
    ck_assert_msg(!wrong, "R %d, K %d, M %d: %ld values differ; %s",
                  config->replicas, config->schedule.devices,
                  config->schedule.microbatches, wrong, pair.text);
    sl_test_pair_fini(&pair);
}

START_TEST(replicas_equal_the_reference)
{
    for (int kind = 0; kind <= SL_TEST_TIED; kind++) {
        if (kind == SL_TEST_PROBE)
            continue;
        struct sl_test_problem problem = {0};
        ck_assert_int_eq(
            sl_test_problem_init(&problem, kind, LAYERS, BATCH, NULL),
            SLUICE_OK);
        sluice_pipeline_config config = problem.config;
        config.uneven = true;
        for (int n = 0; n < 4 * 3 * 3; n++) {
            config.replicas = 1 + n % 4;
            config.schedule.devices = 1 + n / 4 % 3;
            config.schedule.microbatches = 1 + n / 12;
            config.remat = (sluice_remat)(n % 3);
            config.trace = n % 2;
            if (!sl_test_skips())
                check(&problem, &config);
        }
        sl_test_problem_fini(&problem);
    }
}
END_TEST

/* A chunk of a reduction is summed in pieces: here it has several, the last
 * one not full. */
START_TEST(gradients_of_more_than_a_piece_equal_the_reference)
{
    enum { IN = 90, OUT = 61, ROWS = 9, REPLICAS = 3 };
    static float x[ROWS * IN], t[ROWS * OUT], got[IN * OUT], want[IN * OUT];
    const sluice_sgd_config sgd = {.learning_rate = 0.1};
    sluice_pipeline_config config = {
        .replicas = REPLICAS,
        .batch = ROWS,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .seed = 1,
    };
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_reference *ref;
    for (int i = 0; i < ROWS * IN; i++)
        x[i] = (float)(i * 7919 % 1000) / 500 - 1;
    for (int i = 0; i < ROWS * OUT; i++)
        t[i] = (float)(i * 104729 % 1000) / 500 - 1;
    ck_assert(!sluice_model_parse("90-61", NULL, &model, NULL));
    ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
    ck_assert(!sluice_reference_create(&config, model, &ref, NULL));
    for (int step = 0; step < 2; step++) {
        ck_assert(!sluice_pipeline_step(pipe, x, t, ROWS, NULL, NULL));
        ck_assert(!sluice_reference_step(ref, x, t, ROWS, NULL, NULL));
        ck_assert(!sluice_pipeline_get_gradient(pipe, "0.weight", got, IN * OUT,
                                                NULL));
        ck_assert(!sluice_reference_get_gradient(ref, "0.weight", want,
                                                 IN * OUT, NULL));
        ck_assert_mem_eq(got, want, sizeof got);
    }
    sluice_reference_destroy(ref);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_failure_in_one_replica_changes_none)
{
    enum { R = 3, K = 2, ROWS = 12 };
    for (int replica = 0; replica < R; replica++) {
        struct sl_test_fault fault = {.pass = SL_TEST_WEIGHT,
                                      .first_row = replica * ROWS / R};
        struct sl_test_problem problem = {
            .probe = {sl_test_fail_there, &fault}};
        struct sl_test_pair pair;
        ck_assert_int_eq(
            sl_test_problem_init(&problem, SL_TEST_PROBE, 4, ROWS, NULL),
            SLUICE_OK);
        sluice_pipeline_config config = problem.config;
        config.replicas = R;
        config.schedule.devices = K;
        config.schedule.microbatches = 2;
        ck_assert_msg(!sl_test_pair_init(&pair, &problem, &config), "%s",
                      pair.why.text);
        ck_assert_int_eq(sl_test_step(&pair, 0, ROWS), 0);
        fault.armed = true;
        sluice_diag why;
        ck_assert_int_eq(sluice_pipeline_step(pair.pipe, sl_test_x(&problem, 0),
                                              sl_test_targets(&problem, 0),
                                              ROWS, NULL, &why),
                         SLUICE_IO);
        ck_assert_int_eq(why.device, replica * K);
        ck_assert_str_eq(why.action, "0B0");
        fault.armed = false;
        ck_assert_int_eq(sl_test_parameters(&pair), 0);
        ck_assert_int_eq(sl_test_step(&pair, 0, ROWS), 0);
        sl_test_pair_fini(&pair);
        sl_test_problem_fini(&problem);
    }
}
END_TEST

START_TEST(what_cannot_be_shared_is_refused_with_the_numbers)
{
    struct sl_test_problem problem = {0};
    sluice_pipeline *pipe = NULL;
    sluice_diag why;
    ck_assert_int_eq(
        sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, 12, NULL),
        SLUICE_OK);
    sluice_pipeline_config config = problem.config;
    config.uneven = false;
    config.replicas = 5;
    ck_assert_int_eq(
        sluice_pipeline_create(&config, problem.model, &pipe, &why),
        SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "12 rows") && strstr(why.text, "5 replicas"),
                  "%s", why.text);
    config.replicas = 3;
    config.schedule.microbatches = 3; /* of a share of 4 rows */
    ck_assert_int_eq(
        sluice_pipeline_create(&config, problem.model, &pipe, &why),
        SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "4 rows per replica"), "%s", why.text);
    config.schedule.microbatches = 1;
    config.replicas = SLUICE_MAX_DEVICES;
    config.schedule.devices = 2;
    ck_assert_int_eq(
        sluice_pipeline_create(&config, problem.model, &pipe, &why),
        SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "64 replicas of 2 devices"), "%s", why.text);
    config.replicas = -1;
    ck_assert_int_eq(
        sluice_pipeline_create(&config, problem.model, &pipe, &why),
        SLUICE_INVALID);
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.replicas", replicas_equal_the_reference,
                 gradients_of_more_than_a_piece_equal_the_reference,
                 a_failure_in_one_replica_changes_none,
                 what_cannot_be_shared_is_refused_with_the_numbers)
