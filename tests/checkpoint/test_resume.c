/*
 * Resuming equals never having stopped: every tensor and every loss, bit for
 * bit, from a checkpoint of each step.
 */
#include <sluice/checkpoint.h>
#include <sluice/pipeline_state.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/problem.h"
#include "support/grid.h"
#include "support/runner.h"

enum { STEPS = 20, LAYERS = 7, BATCH = 8, M = 4, MAX_FLOATS = 4096 };

/* How a training may go on. */
static const struct way {
    const char *schedule;
    int devices;
    sluice_remat remat;
} ways[] = {
    {"1f1b", 2, SLUICE_REMAT_NEVER},
    {"gpipe", 1, SLUICE_REMAT_NEVER},
    {"1f1b", 5, SLUICE_REMAT_NEVER},
    {"zb-h1", 3, SLUICE_REMAT_NEVER},
    {"gpipe", 3, SLUICE_REMAT_ALWAYS},
    {"interleaved-1f1b", 2, SLUICE_REMAT_NEVER},
};

enum { N_WAYS = sizeof ways / sizeof *ways };

/* What a training came to. */
struct run {
    double losses[STEPS];
    float tensors[MAX_FLOATS]; /* in the end */
    int64_t n;
};

static char dir[] = "/tmp/sluice-resume-XXXXXX";
static int n_warnings;
static char warning[512];

static void on_log(void *context, sluice_log_level level, const char *text)
{
    (void)context;
    if (level != SLUICE_LOG_WARNING || !strstr(text, "the checkpoint"))
        return;
    n_warnings++;
    snprintf(warning, sizeof warning, "%s", text);
}

static const char *path_of(int step)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/%d", dir, step);
    return path;
}

static void enter(void)
{
    strcpy(dir + sizeof dir - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    n_warnings = 0;
}

static void leave(void)
{
    for (int i = 0; i <= STEPS; i++)
        unlink(path_of(i));
    ck_assert_int_eq(rmdir(dir), 0);
}

static sluice_pipeline *make(const struct sl_test_problem *problem,
                             const sluice_pipeline_config *config)
{
    sluice_pipeline *pipe = NULL;
    sluice_diag why;
    sluice_pipeline_config logged = *config;
    logged.log = on_log;
    logged.pinning = SLUICE_PIN_OFF;
    ck_assert_msg(!sluice_pipeline_create(&logged, problem->model, &pipe, &why),
                  "%s", why.text);
    return pipe;
}

static sluice_pipeline *make_way(const struct sl_test_problem *problem,
                                 const struct way *way, int replicas)
{
    sluice_pipeline_config config = problem->config;
    config.schedule = (sluice_schedule_config){
        .name = way->schedule,
        .devices = way->devices,
        .microbatches = M,
        .backward_order = SLUICE_IN_ORDER,
    };
    config.remat = way->remat;
    config.replicas = replicas;
    return make(problem, &config);
}

/* Step number `step` of every training: the last one has fewer rows. */
static double make_step(sluice_pipeline *pipe,
                        const struct sl_test_problem *problem, int step)
{
    int64_t row = (int64_t)(step % 3) * BATCH;
    sluice_result result;
    sluice_diag why;
    ck_assert_msg(!sluice_pipeline_step(pipe, sl_test_x(problem, row),
                                        sl_test_targets(problem, row),
                                        step % 3 == 2 ? BATCH - 1 : BATCH,
                                        &result, &why),
                  "%s", why.text);
    return result.loss;
}

static void get_tensors(const sluice_pipeline *pipe, struct run *run)
{
    sluice_state_tensor at = {.state = 0};
    run->n = 0;
    while (sluice_pipeline_next_tensor(pipe, &at)) {
        ck_assert_int_le(run->n + at.parameter.n, MAX_FLOATS);
        ck_assert_int_eq(sluice_pipeline_get_tensor(pipe, at.name,
                                                    run->tensors + run->n,
                                                    at.parameter.n, NULL),
                         SLUICE_OK);
        run->n += at.parameter.n;
    }
}

/* The steps from `first` on; in the end, what is there. */
static void go_on(sluice_pipeline *pipe, const struct sl_test_problem *problem,
                  int first, bool saves, struct run *run)
{
    for (int step = first; step < STEPS; step++) {
        if (saves)
            ck_assert_int_eq(
                sluice_checkpoint_save(pipe, NULL, path_of(step), NULL),
                SLUICE_OK);
        run->losses[step] = make_step(pipe, problem, step);
    }
    get_tensors(pipe, run);
}

/* Values that differ between two trainings, in steps from `first` on. */
static long differing(const struct run *a, const struct run *b, int first)
{
    long n = a->n != b->n;
    for (int64_t i = 0; i < a->n; i++)
        n += memcmp(&a->tensors[i], &b->tensors[i], sizeof(float)) != 0;
    for (int i = first; i < STEPS; i++)
        n += memcmp(&a->losses[i], &b->losses[i], sizeof(double)) != 0;
    return n;
}

/* The first way trains with and without saving; all ways go on from each
 * step. */
static void resume_everywhere(enum sl_test_kind kind, int replicas)
{
    struct sl_test_problem problem = {0};
    static struct run whole, other;
    ck_assert_int_eq(sl_test_problem_init(&problem, kind, LAYERS, BATCH, NULL),
                     SLUICE_OK);
    enter();
    sluice_pipeline *pipe = make_way(&problem, &ways[0], replicas);
    go_on(pipe, &problem, 0, false, &whole);
    sluice_pipeline_destroy(pipe);
    pipe = make_way(&problem, &ways[0], replicas);
    go_on(pipe, &problem, 0, true, &other);
    ck_assert_int_eq(differing(&whole, &other, 0), 0); /* saving is silent */
    sluice_pipeline_destroy(pipe);
    for (int w = 0; w < N_WAYS; w++) {
        pipe = make_way(&problem, &ways[w], replicas);
        for (int stop = 0; stop < STEPS; stop++) {
            int n_differences = -1;
            sluice_diag why;
            if (sl_test_skips())
                continue;
            ck_assert_msg(!sluice_checkpoint_load(pipe, path_of(stop), NULL,
                                                  &n_differences, &why),
                          "%s", why.text);
            ck_assert_uint_eq(sluice_pipeline_n_steps(pipe), (unsigned)stop);
            ck_assert_int_eq(n_differences, 0);
            go_on(pipe, &problem, stop, false, &other);
            ck_assert_msg(!differing(&whole, &other, stop),
                          "%s on %d devices from step %d: %ld values differ",
                          ways[w].schedule, ways[w].devices, stop,
                          differing(&whole, &other, stop));
        }
        sluice_pipeline_destroy(pipe);
    }
    ck_assert_int_eq(n_warnings, 0);
    leave();
    sl_test_problem_fini(&problem);
}

START_TEST(with_dropout_and_momentum_it_goes_on_bit_for_bit)
{
    resume_everywhere(SL_TEST_DROPOUT, 1);
}
END_TEST

START_TEST(with_norms_and_nesterov_it_goes_on_bit_for_bit)
{
    resume_everywhere(SL_TEST_NORM, 1);
}
END_TEST

START_TEST(with_residual_blocks_it_goes_on_bit_for_bit)
{
    resume_everywhere(SL_TEST_BLOCKS, 1);
}
END_TEST

START_TEST(without_states_it_goes_on_bit_for_bit)
{
    resume_everywhere(SL_TEST_RELU, 1);
}
END_TEST

START_TEST(with_replicas_it_goes_on_bit_for_bit)
{
    resume_everywhere(SL_TEST_DROPOUT, 2);
}
END_TEST

/* Schedules whose bits depend on devices and cut go on with the same ones. */
START_TEST(asynchronous_and_bidirectional_ones_go_on_bit_for_bit)
{
    static const struct way own[] = {{"pipedream", 3, SLUICE_REMAT_NEVER},
                                     {"pipedream-2bw", 2, SLUICE_REMAT_NEVER},
                                     {"dualpipe", 2, SLUICE_REMAT_NEVER}};
    static struct run whole, other;
    for (int w = 0; w < 3; w++) {
        struct sl_test_problem problem = {0};
        ck_assert_int_eq(sl_test_problem_init(&problem, SL_TEST_DROPOUT, LAYERS,
                                              BATCH, NULL),
                         SLUICE_OK);
        enter();
        sluice_pipeline *pipe = make_way(&problem, &own[w], 1);
        go_on(pipe, &problem, 0, true, &whole);
        for (int stop = 0; stop < STEPS; stop++) {
            int n_differences = -1;
            ck_assert_int_eq(sluice_checkpoint_load(pipe, path_of(stop), NULL,
                                                    &n_differences, NULL),
                             SLUICE_OK);
            ck_assert_int_eq(n_differences, 0);
            go_on(pipe, &problem, stop, false, &other);
            ck_assert_int_eq(differing(&whole, &other, stop), 0);
        }
        sluice_pipeline_destroy(pipe);
        leave();
        sl_test_problem_fini(&problem);
    }
}
END_TEST

/* One setting of the pipeline that resumes, and what the warning says of it. */
static const struct change {
    int microbatches;
    const char *schedule;
    sluice_backward_order order;
    int replicas;
    uint64_t seed;
    double weight_decay;
    const char *gemm;
    const char *text;
    int team;
} changes[] = {
    {2, "1f1b", SLUICE_IN_ORDER, 1, 42, 0, NULL, "micro-batches: 4, now 2"},
    {4, "gpipe", SLUICE_REVERSE, 1, 42, 0, NULL,
     "gradients are added: ascending, now descending"},
    {4, "1f1b", SLUICE_IN_ORDER, 2, 42, 0, NULL, "replicas: 1, now 2"},
    {4, "1f1b", SLUICE_IN_ORDER, 1, 43, 0, NULL, "the seed: 42, now 43"},
    {4, "1f1b", SLUICE_IN_ORDER, 1, 42, 0.5, NULL,
     "the optimizer: sgd:learning-rate=0.05, now "
     "sgd:learning-rate=0.05,weight-decay=0.5"},
    {4, "1f1b", SLUICE_IN_ORDER, 1, 42, 0, "plain",
     "the libraries of matrix products: openblas, now plain"},
    {4, "1f1b", SLUICE_IN_ORDER, 1, 42, 0, NULL, "in a team: 1, now 2", 2},
};

START_TEST(what_changes_the_bits_is_warned_of_by_name)
{
    enum { N = sizeof changes / sizeof *changes };
    struct sl_test_problem problem = {0};
    ck_assert_int_eq(
        sl_test_problem_init(&problem, SL_TEST_DROPOUT, LAYERS, BATCH, NULL),
        SLUICE_OK);
    problem.config.gemm = "openblas"; /* what auto is depends on the rows */
    enter();
    sluice_pipeline *pipe = make_way(&problem, &ways[0], 1);
    ck_assert_int_eq(sluice_checkpoint_save(pipe, NULL, path_of(0), NULL),
                     SLUICE_OK);
    sluice_pipeline_destroy(pipe);
    for (int i = 0; i < N; i++) {
        int n_differences;
        sluice_pipeline_config config = problem.config;
        config.schedule = (sluice_schedule_config){
            .name = changes[i].schedule,
            .devices = 2,
            .microbatches = changes[i].microbatches,
            .backward_order = changes[i].order,
        };
        config.replicas = changes[i].replicas;
        config.team = changes[i].team;
        config.seed = changes[i].seed;
        if (changes[i].gemm)
            config.gemm = changes[i].gemm;
        problem.sgd.weight_decay = changes[i].weight_decay;
        pipe = make(&problem, &config);
        n_warnings = 0;
        ck_assert_int_eq(sluice_checkpoint_load(pipe, path_of(0), NULL,
                                                &n_differences, NULL),
                         SLUICE_OK);
        ck_assert_int_eq(n_differences, 1);
        ck_assert_int_eq(n_warnings, 1);
        ck_assert_msg(strstr(warning, changes[i].text), "%s", warning);
        sluice_pipeline_destroy(pipe);
    }
    leave();
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(another_precision_is_warned_of)
{
    struct sl_test_problem problem = {0};
    int n_differences;
    ck_assert_int_eq(
        sl_test_problem_init(&problem, SL_TEST_DROPOUT, LAYERS, BATCH, NULL),
        SLUICE_OK);
    problem.config.gemm = "plain";
    problem.config.precision = "bf16";
    enter();
    sluice_pipeline *pipe = make_way(&problem, &ways[0], 1);
    ck_assert_int_eq(sluice_checkpoint_save(pipe, NULL, path_of(0), NULL),
                     SLUICE_OK);
    sluice_pipeline_destroy(pipe);
    for (int same = 0; same < 2; same++) {
        problem.config.precision = same ? "bf16" : NULL;
        pipe = make_way(&problem, &ways[0], 1);
        n_warnings = 0;
        ck_assert_int_eq(sluice_checkpoint_load(pipe, path_of(0), NULL,
                                                &n_differences, NULL),
                         SLUICE_OK);
        ck_assert_int_eq(n_differences, !same);
        ck_assert_int_eq(n_warnings, !same);
        ck_assert(same || strstr(warning, "the precision of matrix products: "
                                          "bf16, now float32"));
        sluice_pipeline_destroy(pipe);
    }
    leave();
    sl_test_problem_fini(&problem);
}
END_TEST

/* A pipeline from the text of a model. */
static sluice_pipeline *make_from(const char *text, sluice_model **model)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    const sluice_pipeline_config config = {
        .schedule = {.devices = 1, .microbatches = 1},
        .batch = 4,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    ck_assert_int_eq(sluice_model_parse(text, NULL, model, NULL), SLUICE_OK);
    const struct sl_test_problem problem = {.model = *model};
    return make(&problem, &config);
}

START_TEST(options_of_layers_inside_a_block_are_compared)
{
    static const char *const texts[] = {
        "4-res(6-4)-1:relu",
        "4-res(6-4)-1:tanh",
    };
    sluice_model *model;
    enter();
    sluice_pipeline *pipe = make_from(texts[0], &model);
    ck_assert(!sluice_checkpoint_save(pipe, NULL, path_of(0), NULL));
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    for (int i = 0; i < 2; i++) {
        int n_differences = -1;
        pipe = make_from(texts[i], &model);
        ck_assert(!sluice_checkpoint_load(pipe, path_of(0), NULL,
                                          &n_differences, NULL));
        ck_assert_int_eq(n_differences, i);
        sluice_pipeline_destroy(pipe);
        sluice_model_destroy(model);
    }
    leave();
}
END_TEST

SLUICE_TEST_MAIN("checkpoint.resume",
                 options_of_layers_inside_a_block_are_compared,
                 with_dropout_and_momentum_it_goes_on_bit_for_bit,
                 with_norms_and_nesterov_it_goes_on_bit_for_bit,
                 with_residual_blocks_it_goes_on_bit_for_bit,
                 without_states_it_goes_on_bit_for_bit,
                 with_replicas_it_goes_on_bit_for_bit,
                 asynchronous_and_bidirectional_ones_go_on_bit_for_bit,
                 what_changes_the_bits_is_warned_of_by_name,
                 another_precision_is_warned_of)
