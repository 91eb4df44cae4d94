/*
 * A small ResNet, a U-Net and cells of AmoebaNet, whose batch_norms measure
 * while they train: the bits of the reference under every synchronous schedule,
 * in replicas, with recomputation, with micro-batches that have no rows, behind
 * a step that failed; and what the running statistics are, worked out here.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"
#include "support/version_programs.h"

enum { BATCH = 13, M = 8, MAX_DEVICES = 6, IN = 6 };

/* Of 6 numbers in and 5 classes, as the problem of SL_TEST_RELU has them. */
static const char resnet[] =
    "input(6); reshape(1, height=2, width=3); upsample; "
    "conv2d(3, padding=1, no-bias); batch_norm; activate(relu); "
    "residual{conv2d(3, padding=1, no-bias); batch_norm; activate(relu); "
    "conv2d(3, padding=1, no-bias); batch_norm}; activate(relu); dropout(0.1); "
    "branches{sequence{conv2d(4, stride=2, padding=1, no-bias); batch_norm; "
    "activate(relu); conv2d(4, padding=1, no-bias); batch_norm}; "
    "sequence{conv2d(4, kernel=1, stride=2, no-bias); batch_norm}}; "
    "activate(relu); global_average_pool; batch_norm; linear(5)";

static const char unet[] =
    "input(6); reshape(1, height=2, width=3); upsample; "
    "unet(depth=1, convolutions=1, width=2, channels=1); dropout(0.1); "
    "linear(6, activation=gelu); linear(5)";

static const char amoebanet[] =
    "input(6); reshape(1, height=2, width=3); upsample; "
    "amoebanet(cells=3, width=2, classes=6, stages=1); linear(5)";

static struct sl_test_problem problem;
static sluice_diag why;

static void start(const char *model)
{
    problem = (struct sl_test_problem){0};
    ck_assert(!sl_test_problem_init(&problem, SL_TEST_RELU, 2, BATCH, NULL));
    sluice_model_destroy(problem.model);
    problem.model = NULL;
    ck_assert_msg(!sluice_model_parse(model, NULL, &problem.model, &why), "%s",
                  why.text);
    problem.config.uneven = true;
    problem.config.schedule.microbatches = M;
}

/* A step with a row that is NaN, which fails on one side only. */
static void fail_once(struct sl_test_pair *pair)
{
    float x[BATCH * IN] = {0};
    x[(BATCH - 1) * IN] = NAN;
    ck_assert_int_eq(sluice_pipeline_step(pair->pipe, x,
                                          sl_test_targets(&problem, 0), BATCH,
                                          NULL, &why),
                     SLUICE_NOT_FINITE);
}

static void check(const sluice_pipeline_config *config, int copies,
                  const char *name)
{
    static const int rows[] = {BATCH, 6, 1, BATCH - 1};
    struct sl_test_pair pair;
    long wrong = 0;
    ck_assert_msg(!sl_test_pair_init(&pair, &problem, config), "%s: %s", name,
                  pair.why.text);
    sl_test_halves(&pair, copies, M);
    for (int s = 0; s < 4; s++) {
        wrong += sl_test_step(&pair, 2 * s, rows[s]);
        if (s == 1)
            fail_once(&pair);
    }
    wrong += sl_test_parameters(&pair) + sl_test_evaluate(&pair, 1, BATCH + 3) +
             sl_test_infer(&pair, 1, BATCH);
    ck_assert_msg(!wrong, "%s, K %d, R %d, remat %d: %ld values differ; %s",
                  name, config->schedule.devices, config->replicas,
                  (int)config->remat, wrong, pair.text);
    sl_test_pair_fini(&pair);
}

/* Replicas and recomputation by turns. */
static int check_schedule(const char *name)
{
    int n = 0;
    for (int k = 1; k <= MAX_DEVICES; k++)
        for (int i = 0; i < 3; i++) {
            sluice_schedule *schedule = sl_test_runnable(name, k, M, 2);
            sluice_pipeline_config config = problem.config;
            if (!schedule)
                continue;
            config.custom = schedule;
            config.schedule.devices = k;
            config.schedule.backward_order =
                strcmp(name, "looped-bfs") && strcmp(name, "gpipe")
                    ? SLUICE_IN_ORDER
                    : SLUICE_REVERSE;
            config.replicas = 1 + i % 2;
            config.remat = (sluice_remat)((k + i) % 3);
            if (!sl_test_skips_of(6))
                check(&config, sluice_schedule_n_copies(schedule), name);
            sluice_schedule_destroy(schedule);
            n++;
        }
    return n;
}

static bool is_judged(const char *name)
{
    return strcmp(name, "forward") != 0 && !sl_test_is_asynchronous(name);
}

static void check_network(const char *model)
{
    /* The clip's norm and the decay of all tensors must leave statistics. */
    sluice_optimizer_choice optimizer;
    ck_assert(!sluice_optimizer_parse(
        "adamw:lr=0.01,weight-decay=0.1,decay-all,clip=0.5", &optimizer, &why));
    start(model);
    problem.config.optimizer = optimizer.ops;
    problem.config.optimizer_config = &optimizer.config;
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const char *name = sluice_schedule_generator(i);
        if (is_judged(name))
            ck_assert_msg(check_schedule(name) > 0, "%s", name);
    }
    sl_test_problem_fini(&problem);
}

START_TEST(a_resnet_has_the_bits_of_the_reference_under_synchronous_schedules)
{
    check_network(resnet);
}
END_TEST

START_TEST(a_u_net_has_the_bits_of_the_reference_under_synchronous_schedules)
{
    check_network(unet);
}
END_TEST

START_TEST(cells_of_two_inputs_have_the_bits_of_the_reference_in_any_order)
{
    check_network(amoebanet);
}
END_TEST

START_TEST(weight_versions_keep_their_own_statistics)
{
    static const char *const names[] = {"pipedream", "pipedream-2bw"};
    start(resnet);
    int n = 0;
    for (int i = 0; i < 2 * MAX_DEVICES; i++) {
        struct sl_test_pair pair;
        int k = 1 + i / 2;
        sluice_schedule *schedule = sl_test_runnable(names[i % 2], k, M, 2);
        sluice_pipeline_config config = problem.config;
        if (!schedule)
            continue;
        n++;
        config.custom = schedule;
        config.schedule.devices = k;
        config.schedule.backward_order = SLUICE_IN_ORDER;
        ck_assert(!sl_test_pair_init(&pair, &problem, &config));
        ck_assert(!sl_test_versions(&pair, names[i % 2], M, false, 0));
        long wrong = sl_test_step(&pair, 0, BATCH) + sl_test_step(&pair, 3, 5);
        fail_once(&pair);
        wrong += sl_test_step(&pair, 1, BATCH);
        ck_assert_msg(!wrong, "%s, K %d: %s", names[i % 2], k, pair.text);
        sl_test_pair_fini(&pair);
        sluice_schedule_destroy(schedule);
    }
    ck_assert_int_ge(n, 4);
    sl_test_problem_fini(&problem);
}
END_TEST

/* Two channels of three numbers; the mean is that of all rows, the variance is
 * that of a sample of all. */
enum { CHANNELS = 2, PLANE = IN / CHANNELS };

static void measure(int rows, int c, double *mean, double *variance)
{
    const float *x = sl_test_x(&problem, 0);
    double n = (double)rows * PLANE;
    *mean = *variance = 0;
    for (int i = 0; i < rows * PLANE; i++)
        *mean += (double)x[i / PLANE * IN + c * PLANE + i % PLANE] / n;
    for (int i = 0; i < rows * PLANE; i++)
        *variance +=
            pow((double)x[i / PLANE * IN + c * PLANE + i % PLANE] - *mean, 2) /
            (n - 1);
}

static void get(const sluice_pipeline *pipe, const char *name, int n,
                float *values)
{
    ck_assert_msg(!sluice_pipeline_get_parameter(pipe, name, values, n, &why),
                  "%s", why.text);
}

/* Evaluation is by these, and leaves them as they are. */
static void check_outputs(sluice_pipeline *pipe, const float mean[CHANNELS],
                          const float variance[CHANNELS])
{
    float y[BATCH * IN], weight[CHANNELS], bias[CHANNELS], again[CHANNELS];
    const float *x = sl_test_x(&problem, 5);
    get(pipe, "0.weight", CHANNELS, weight);
    get(pipe, "0.bias", CHANNELS, bias);
    ck_assert(!sluice_pipeline_infer(pipe, x, BATCH, y, &why));
    for (int i = 0; i < BATCH * IN; i++) {
        int c = i / PLANE % CHANNELS;
        double want = ((double)x[i] - (double)mean[c]) /
                          sqrt((double)variance[c] + 1e-5) * (double)weight[c] +
                      (double)bias[c];
        ck_assert_double_lt(fabs((double)y[i] - want), 1e-5);
    }
    get(pipe, "0.running_mean", CHANNELS, again);
    ck_assert_mem_eq(again, mean, sizeof again);
}

static void check_statistics(const sluice_pipeline_config *config, int rows)
{
    sluice_pipeline *pipe;
    float mean[CHANNELS], variance[CHANNELS], n_batches;
    ck_assert_msg(!sluice_pipeline_create(config, problem.model, &pipe, &why),
                  "%s", why.text);
    ck_assert_msg(!sluice_pipeline_step(pipe, sl_test_x(&problem, 0),
                                        sl_test_targets(&problem, 0), rows,
                                        NULL, &why),
                  "%s", why.text);
    get(pipe, "0.running_mean", CHANNELS, mean);
    get(pipe, "0.running_var", CHANNELS, variance);
    get(pipe, "0.num_batches_tracked", 1, &n_batches);
    ck_assert_float_eq(n_batches, 1);
    for (int c = 0; c < CHANNELS; c++) {
        double m, v;
        measure(rows, c, &m, &v);
        ck_assert_double_lt(fabs((double)mean[c] - 0.25 * m), 1e-6);
        ck_assert_double_lt(fabs((double)variance[c] - 0.75 - 0.25 * v), 1e-6);
    }
    check_outputs(pipe, mean, variance);
    sluice_pipeline_destroy(pipe);
}

START_TEST(running_statistics_are_those_of_the_whole_mini_batch)
{
    start("input(2x1x3); batch_norm(0.25); flatten");
    for (int m = 1; m <= M; m++)
        for (int replicas = 1; replicas <= 3; replicas++)
            for (int remat = 0; remat < 2; remat++) {
                sluice_pipeline_config config = problem.config;
                config.schedule.name = "gpipe";
                config.schedule.devices = 1;
                config.schedule.microbatches = m;
                config.replicas = replicas;
                config.remat = remat ? SLUICE_REMAT_ALWAYS : SLUICE_REMAT_NEVER;
                check_statistics(&config, BATCH);
                check_statistics(&config, 4); /* some have no rows */
            }
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN(
    "pipeline.statistics",
    a_resnet_has_the_bits_of_the_reference_under_synchronous_schedules,
    cells_of_two_inputs_have_the_bits_of_the_reference_in_any_order,
    a_u_net_has_the_bits_of_the_reference_under_synchronous_schedules,
    weight_versions_keep_their_own_statistics,
    running_statistics_are_those_of_the_whole_mini_batch)
