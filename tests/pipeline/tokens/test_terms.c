/*
 * Terms that do not count.  A row has several labels, some of them ignored: the
 * mean is over the others, and is the same under every schedule.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"
#include "support/version_programs.h"

enum { BATCH = 13, MAX_DEVICES = 4, LAYERS = 5, POSITIONS = 6, IGNORED = -100 };

static const int microbatches[] = {1, 2, 3, 5, 8};

static struct sl_test_problem problem;
static const sluice_cross_entropy_config padded = {.label_smoothing = 0.1,
                                                   .classes = 3};

static int32_t *labels(void)
{
    return (int32_t *)(void *)problem.targets;
}

/* The integers of the kind TOKENS, and a label for each of them.  Rows 3, 4, 5
 * count nothing; of the others a part. */
static void start(const char *model, int classes)
{
    problem = (struct sl_test_problem){0};
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_TOKENS, LAYERS, BATCH, NULL));
    sluice_model_destroy(problem.model);
    ck_assert(!sluice_model_parse(model, NULL, &problem.model, NULL));
    sluice_shape out = sluice_model_output(problem.model);
    problem.out = sluice_shape_elements(&out);
    problem.target_bytes = POSITIONS * sizeof(int32_t);
    free(problem.targets);
    problem.targets = malloc((size_t)problem.n_rows * problem.target_bytes);
    ck_assert(problem.targets);
    for (int64_t i = 0; i < problem.n_rows * POSITIONS; i++) {
        int64_t row = i / POSITIONS;
        bool counts = i % 5 && (row < 3 || row > 5);
        labels()[i] = counts ? (int32_t)(i * 7 % classes) : IGNORED;
    }
}

static void start_stack(void)
{
    start("input(6, int32); embedding(7, width=8); activate(tanh); "
          "dropout(0.25); layer_norm; glu(sigmoid)",
          3);
    problem.config.loss_config = &padded;
}

static void check(const sluice_pipeline_config *config)
{
    struct sl_test_pair pair;
    const char *name = config->schedule.name;
    int m = config->schedule.microbatches;
    ck_assert_msg(!sl_test_pair_init(&pair, &problem, config), "%s: %s", name,
                  pair.why.text);
    sl_test_halves(
        &pair, sluice_schedule_n_copies(sluice_pipeline_schedule(pair.pipe)),
        m);
    if (sl_test_is_asynchronous(name))
        ck_assert_msg(!sl_test_versions(&pair, name, m, false, 0), "%s: %s",
                      name, pair.why.text);
    long wrong = sl_test_step(&pair, 0, BATCH) + sl_test_step(&pair, 3, 3) +
                 sl_test_step(&pair, 2, 1) + sl_test_step(&pair, 1, 6) +
                 sl_test_evaluate(&pair, 3, 2 * BATCH + 2) +
                 sl_test_evaluate(&pair, 3, 3) +
                 sl_test_step(&pair, 4, BATCH - 1);
    ck_assert_msg(!wrong, "%s, K %d, M %d, replicas %d: %ld values differ; %s",
                  name, config->schedule.devices, m, config->replicas, wrong,
                  pair.text);
    sl_test_pair_fini(&pair);
}

static sluice_pipeline_config configure(const char *name, int k, int m)
{
    sluice_pipeline_config config = problem.config;
    config.schedule.name = name;
    config.schedule.devices = k;
    config.schedule.microbatches = m;
    config.schedule.backward_order =
        !strcmp(name, "gpipe") || !strcmp(name, "looped-bfs") ? SLUICE_REVERSE
                                                              : SLUICE_IN_ORDER;
    if (strcmp(name, "varuna") != 0) /* which recomputes by itself */
        config.remat = (sluice_remat)((k + m) % 3);
    return config;
}

/* As many devices as the generator takes for a model of five layers. */
static int check_name(const char *name)
{
    int n = 0;
    for (int k = 1; k <= MAX_DEVICES; k++)
        for (int i = 0; i < 5; i++) {
            sluice_schedule *schedule =
                sl_test_runnable(name, k, microbatches[i], 2);
            if (!schedule)
                continue;
            bool fits = sluice_schedule_n_stages(schedule) <= LAYERS;
            sluice_schedule_destroy(schedule);
            n += fits;
            if (!fits || sl_test_skips())
                continue;
            sluice_pipeline_config config = configure(name, k, microbatches[i]);
            config.queue_capacity = 2;
            config.replicas = 1 + (k + i) % 2;
            check(&config);
        }
    return n;
}

START_TEST(ignored_terms_have_the_bits_of_the_reference_in_every_schedule)
{
    start_stack();
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const char *name = sluice_schedule_generator(i);
        if (strcmp(name, "forward") != 0)
            ck_assert_msg(check_name(name) > 0, "%s", name);
    }
    sl_test_problem_fini(&problem);
}
END_TEST

/* Weights of zeros: each term is log 3, and at token v the gradient is the sum
 * over its terms of (1/3 - [the label]) / n. */
START_TEST(the_mean_is_over_the_terms_that_count)
{
    const float zeros[9] = {0};
    const int32_t x[] = {0, 1, 1, 0, 2, 2},
                  y[] = {1, 2, IGNORED, 0, 1, IGNORED};
    const double want[9] = {-1, -1, 2, 1, 1, -2, 1, -2, 1}; /* times 1/12 */
    sluice_result result;
    float g[9];
    sluice_pipeline *pipe;
    start("input(3, int32); embedding(3, width=3)", 3);
    sluice_pipeline_config config = problem.config;
    config.schedule.microbatches = 2;
    ck_assert(!sluice_pipeline_create(&config, problem.model, &pipe, NULL));
    ck_assert(!sluice_pipeline_set_parameter(pipe, "0.weight", zeros, 9, NULL));
    ck_assert(!sluice_pipeline_step(pipe, x, y, 2, &result, NULL));
    ck_assert_double_eq_tol(result.loss, log(3), 1e-15);
    ck_assert_int_eq(result.terms, 4);
    ck_assert(!sluice_pipeline_get_gradient(pipe, "0.weight", g, 9, NULL));
    for (int i = 0; i < 9; i++)
        ck_assert_double_eq_tol((double)g[i], want[i] / 12, 1e-7);
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(a_step_without_a_term_that_counts_changes_nothing)
{
    struct sl_test_pair pair;
    const sluice_sgd_config sgd = {
        .learning_rate = 1, .momentum = 0.9, .weight_decay = 0.5};
    float before[56], after[56];
    sluice_result result = {.loss = 1};
    start_stack();
    sluice_pipeline_config config = configure("1f1b", 2, 3);
    config.optimizer_config = &sgd;
    config.finite = SLUICE_FINITE_GRADIENTS;
    ck_assert(!sl_test_pair_init(&pair, &problem, &config));
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    ck_assert(!sluice_pipeline_get_parameter(pair.pipe, "0.weight", before, 56,
                                             NULL));
    ck_assert(!sluice_pipeline_step(pair.pipe, sl_test_x(&problem, 3),
                                    sl_test_targets(&problem, 3), 3, &result,
                                    NULL));
    ck_assert(result.loss == 0 && result.terms == 0 && result.rows == 3);
    ck_assert(
        !sluice_pipeline_get_parameter(pair.pipe, "0.weight", after, 56, NULL));
    ck_assert(!memcmp(before, after, sizeof before));
    ck_assert_uint_eq(sluice_pipeline_n_steps(pair.pipe), 2);
    ck_assert(!sluice_pipeline_evaluate(pair.pipe, sl_test_x(&problem, 3),
                                        sl_test_targets(&problem, 3), 3,
                                        &result, NULL));
    ck_assert(result.loss == 0 && result.terms == 0);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&problem);
}
END_TEST

static int64_t too_many(const sluice_loss_plan *plan, const void *targets,
                        int64_t rows)
{
    (void)targets;
    return rows * plan->row_terms + 1;
}

static int64_t negative(const sluice_loss_plan *plan, const void *targets,
                        int64_t rows)
{
    (void)plan, (void)targets, (void)rows;
    return -1;
}

START_TEST(a_loss_that_counts_what_cannot_be_is_refused)
{
    int64_t (*const bad[])(const sluice_loss_plan *, const void *,
                           int64_t) = {too_many, negative};
    for (int i = 0; i < 2; i++) {
        sluice_loss_ops loss = *sluice_cross_entropy();
        sluice_diag why;
        struct sl_test_pair pair;
        loss.terms = bad[i];
        start_stack();
        sluice_pipeline_config config = configure("gpipe", 1, 1);
        config.loss = &loss;
        ck_assert(!sl_test_pair_init(&pair, &problem, &config));
        const void *x = sl_test_x(&problem, 0);
        const void *y = sl_test_targets(&problem, 0);
        ck_assert_int_eq(sluice_pipeline_step(pair.pipe, x, y, 1, NULL, &why),
                         SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, "in 1 rows; it can be 0 to 6"), "%s",
                      why.text);
        ck_assert_int_eq(
            sluice_pipeline_evaluate(pair.pipe, x, y, 1, NULL, &why),
            SLUICE_INVALID);
        ck_assert_int_eq(sluice_reference_step(pair.ref, x, y, 1, NULL, &why),
                         SLUICE_INVALID);
        ck_assert_int_eq(
            sluice_reference_evaluate(pair.ref, x, y, 1, NULL, &why),
            SLUICE_INVALID);
        sl_test_pair_fini(&pair);
        sl_test_problem_fini(&problem);
    }
}
END_TEST

SLUICE_TEST_MAIN("pipeline.terms",
                 ignored_terms_have_the_bits_of_the_reference_in_every_schedule,
                 the_mean_is_over_the_terms_that_count,
                 a_step_without_a_term_that_counts_changes_nothing,
                 a_loss_that_counts_what_cannot_be_is_refused)
