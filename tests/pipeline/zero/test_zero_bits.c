/*
 * ZeRO: with every optimizer and under every synchronous schedule, replicas
 * that share the optimizer's states have the bits of the sequential reference,
 * which shares nothing; and each has as many bytes as the formula says.
 */
#include <stdio.h>
#include <string.h>

#include <sluice/gemm.h>
#include <sluice/schedule_passes.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"
#include "support/version_programs.h"

enum { LAYERS = 8, BATCH = 23 };

static const char *const optimizers[] = {
    "sgd:lr=0.05",
    "sgd:lr=0.05,momentum=0.9,weight-decay=0.01,nesterov",
    "sgd:lr=0.05,momentum=0.9,clip=0.05",
    "adam:lr=0.01,weight-decay=0.01",
    "adamw:lr=0.01",
    "adamw:lr=0.01,clip=0.05,decay-all",
    "rmsprop:lr=0.01,momentum=0.5,centered",
};

/* A clip reads a total, which teams add up otherwise. */
static const char *const unclipped[] = {
    "sgd:lr=0.05,momentum=0.9,weight-decay=0.01,nesterov",
    "adam:lr=0.01,weight-decay=0.01",
    "adamw:lr=0.01",
};

enum {
    N_OPTIMIZERS = sizeof optimizers / sizeof *optimizers,
    N_UNCLIPPED = sizeof unclipped / sizeof *unclipped
};

/* Batch_norm has statistics, which the update writes, too. */
static const char normed[] =
    "input(6); reshape(1, height=2, width=3); upsample; "
    "conv2d(3, padding=1, no-bias); batch_norm; activate(relu); "
    "conv2d(3, padding=1, no-bias); batch_norm; activate(relu); "
    "global_average_pool; batch_norm; linear(5)";

static void check(const struct sl_test_problem *problem,
                  sluice_pipeline_config config, const char *optimizer,
                  int n_copies)
{
    struct sl_test_pair pair;
    sluice_optimizer_choice choice;
    ck_assert(!sluice_optimizer_parse(optimizer, &choice, NULL));
    config.optimizer = choice.ops;
    config.optimizer_config = &choice.config;
    config.uneven = true;
    ck_assert_msg(!sl_test_pair_init(&pair, problem, &config), "%s",
                  pair.why.text);
    sl_test_halves(&pair, n_copies, config.schedule.microbatches);
    long wrong = sl_test_step(&pair, 0, BATCH) + sl_test_step(&pair, 4, 2) +
                 sl_test_step(&pair, 2, BATCH) +
                 sl_test_evaluate(&pair, 3, BATCH + 2);
    ck_assert_msg(!wrong,
                  "zero %d, t %d, R %d, K %d, M %d, %s: %ld values differ; "
                  "%s",
                  config.zero, config.team, config.replicas,
                  config.schedule.devices, config.schedule.microbatches,
                  optimizer, wrong, pair.text);
    sl_test_pair_fini(&pair);
}

/* R = 1 to 4 and K = 1 to 3, each optimizer somewhere. */
static void check_replicas(enum sl_test_kind kind, const char *model, int zero,
                           int first)
{
    struct sl_test_problem problem = {0};
    ck_assert(!sl_test_problem_init(&problem, kind, LAYERS, BATCH, NULL));
    if (model) {
        sluice_model_destroy(problem.model);
        ck_assert(!sluice_model_parse(model, NULL, &problem.model, NULL));
    }
    for (int n = 0; n < 4 * 3; n++) {
        sluice_pipeline_config config = problem.config;
        config.zero = zero;
        config.replicas = 1 + n % 4;
        config.schedule.devices = 1 + n / 4;
        config.schedule.microbatches = 1 + n % 3;
        config.trace = n % 2;
        if (!sl_test_skips())
            check(&problem, config, optimizers[(first + n) % N_OPTIMIZERS], 1);
    }
    sl_test_problem_fini(&problem);
}

START_TEST(replicas_that_share_equal_the_reference)
{
    int first = 0;
    for (int zero = 1; zero <= 3; zero++) {
        for (int kind = 0; kind <= SL_TEST_TIED; kind++)
            if (kind != SL_TEST_PROBE && (kind != SL_TEST_TIED || zero == 1))
                check_replicas(kind, NULL, zero, first++);
        check_replicas(SL_TEST_RELU, normed, zero, first);
    }
}
END_TEST

/* The devices of a team share with those that have the same shard. */
START_TEST(teams_that_share_equal_the_reference)
{
    static const enum sl_test_kind kinds[] = {SL_TEST_RELU, SL_TEST_NORM,
                                              SL_TEST_GPT};
    int n = 0;
    for (int k = 0; k < 4; k++) {
        struct sl_test_problem problem = {0};
        ck_assert(
            !sl_test_problem_init(&problem, kinds[k % 3], LAYERS, BATCH, NULL));
        if (k == 3) {
            sluice_model_destroy(problem.model);
            ck_assert(!sluice_model_parse(normed, NULL, &problem.model, NULL));
        }
        for (int zero = 1; zero <= 3; zero++, n++) {
            sluice_pipeline_config config = problem.config;
            bool loops = n % 2 && k != 3;
            config.gemm = sluice_gemm_is_built("packed") ? "packed" : "plain";
            config.zero = zero;
            config.replicas = 2 + n % 2;
            config.team = n % 3 ? 2 : 3;
            config.schedule.name = loops ? "looped-bfs" : "gpipe";
            config.schedule.devices = 1 + n % 2;
            config.schedule.chunks = loops ? 2 : 0;
            config.schedule.microbatches = 1 + n % 3;
            if (!sl_test_skips())
                check(&problem, config, unclipped[n % N_UNCLIPPED], 1);
        }
        sl_test_problem_fini(&problem);
    }
}
END_TEST

/* The highest ZeRO stage that goes with the schedule, which is one at least. */
static int highest(const struct sl_test_problem *problem,
                   const sluice_pipeline_config *config)
{
    sluice_memory_plan plans[SLUICE_MAX_DEVICES];
    sluice_pipeline_config tried = *config;
    tried.uneven = true;
    for (tried.zero = 3; tried.zero > 1; tried.zero--)
        if (!sluice_pipeline_plan(problem->model, &tried, plans, NULL))
            break;
    return tried.zero;
}

/* With REDUCE_GRADs in its lists, which are where gradients are added up. */
static void place(sluice_schedule **schedule)
{
    sluice_schedule *placed;
    if (sluice_schedule_shard(*schedule, 2, &placed, NULL))
        return; /* there are copies */
    sluice_schedule_destroy(*schedule);
    *schedule = placed;
}

/* Some of what runs: R and the optimizer change with each. */
static void check_schedule(const struct sl_test_problem *problem,
                           const char *name, int *n)
{
    for (int k = 2; k <= 4; k++) {
        int m = 2 * k + *n % 2 * 2;
        sluice_schedule *schedule = sl_test_runnable(name, k, m, 2);
        sluice_pipeline_config config = problem->config;
        if (!schedule)
            continue;
        if (*n % 2 == 0)
            place(&schedule);
        config.custom = schedule;
        config.schedule.devices = k;
        config.schedule.microbatches = m;
        config.replicas = 1 + *n % 3;
        config.zero = highest(problem, &config);
        bool judged = sluice_reference_exists(schedule, false) &&
                      !sluice_reference_order(
                          schedule, &config.schedule.backward_order, NULL);
        if (judged && !sl_test_skips())
            check(problem, config, optimizers[*n % N_OPTIMIZERS],
                  sluice_schedule_n_copies(schedule));
        sluice_schedule_destroy(schedule);
        *n += judged;
    }
}

/* Two stages on each device use one gradient in turn, and so do joined Ws. */
START_TEST(stages_that_use_a_gradient_in_turn_have_the_bits)
{
    struct sl_test_problem problem = {0};
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_NORM, LAYERS, BATCH, NULL));
    for (int n = 0; n < 2 * 2 * N_OPTIMIZERS; n++) {
        sluice_pipeline_config config = problem.config;
        config.zero = 2 + n % 2;
        config.replicas = 2 + n % 3;
        config.schedule.name = "looped-bfs";
        config.schedule.devices = 2;
        config.schedule.chunks = 2;
        config.schedule.microbatches = 3;
        if (n % 4 == 2)
            config.gather_weights = 3;
        if (!sl_test_skips())
            check(&problem, config, optimizers[n / 4], 1);
    }
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(every_synchronous_schedule_has_the_bits)
{
    struct sl_test_problem problem = {0};
    int n = 0, n_names = 0;
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_NORM, LAYERS, BATCH, NULL));
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const char *name = sluice_schedule_generator(i);
        int before = n;
        if (strcmp(name, "forward") && !sl_test_is_asynchronous(name))
            check_schedule(&problem, name, &n);
        n_names += n > before;
    }
    ck_assert_int_ge(n_names, 14);
    sl_test_problem_fini(&problem);
}
END_TEST

/* Two lines of parameters: other holders update nothing, and yet what they
 * have packed of the weights is old after the step. */
START_TEST(a_holder_that_updates_nothing_reads_the_new_parameters)
{
    struct sl_test_problem problem = {0};
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH, NULL));
    sluice_model_destroy(problem.model);
    ck_assert(!sluice_model_parse("input(6); linear(5, no-bias)", NULL,
                                  &problem.model, NULL));
    for (int n = 0; n < 3 * 3; n++) {
        sluice_pipeline_config config = problem.config;
        config.gemm = sluice_gemm_is_built("packed") ? "packed" : NULL;
        config.zero = 1 + n % 3;
        config.replicas = 3 + n / 3;
        config.schedule.devices = 1;
        config.schedule.microbatches = 1;
        if (!sl_test_skips())
            check(&problem, config, optimizers[n % N_OPTIMIZERS], 1);
    }
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.zero_bits", replicas_that_share_equal_the_reference,
                 stages_that_use_a_gradient_in_turn_have_the_bits,
                 teams_that_share_equal_the_reference,
                 a_holder_that_updates_nothing_reads_the_new_parameters,
                 every_synchronous_schedule_has_the_bits)
