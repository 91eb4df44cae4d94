/*
 * Teams: t devices that work a stage together equal the reference, which knows
 * of none, to the last bit with the backends that promise it.
 */
#include <string.h>

#include <sluice/gemm.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"
#include "support/version_programs.h"

enum { LAYERS = 6, BATCH = 13 };

static const char *const exact[] = {"plain", "packed"};

static void check(const struct sl_test_problem *problem,
                  const sluice_pipeline_config *config, const char *what)
{
    /* Whole, partial, and fewer rows than micro-batches. */
    static const int rows[] = {BATCH, 5, 1, BATCH};
    struct sl_test_pair pair;
    ck_assert_msg(!sl_test_pair_init(&pair, problem, config), "%s: %s", what,
                  pair.why.text);
    if (config->custom)
        sl_test_halves(&pair, sluice_schedule_n_copies(config->custom),
                       config->schedule.microbatches);
    ck_assert_int_eq(sluice_pipeline_n_devices(pair.pipe),
                     config->team * config->replicas *
                         config->schedule.devices);
    long wrong = 0;
    for (int s = 0; s < 4; s++)
        wrong += sl_test_step(&pair, 2 * s, rows[s]);
    wrong += sl_test_evaluate(&pair, 1, 2 * BATCH + 3);
    wrong += sl_test_infer(&pair, 0, BATCH + 2);
    ck_assert_msg(!wrong, "%s, t %d, R %d, K %d, M %d: %ld values differ; %s",
                  what, config->team, config->replicas,
                  config->schedule.devices, config->schedule.microbatches,
                  wrong, pair.text);
    sl_test_pair_fini(&pair);
}

static void check_grid(enum sl_test_kind kind, const char *gemm)
{
    struct sl_test_problem problem = {0};
    ck_assert(!sl_test_problem_init(&problem, kind, LAYERS, BATCH, NULL));
    sluice_pipeline_config config = problem.config;
    config.uneven = true;
    config.gemm = gemm;
    for (int n = 0; n < 2 * 3 * 2; n++) {
        config.team = n % 2 ? 4 : 2;
        config.schedule.devices = 1 + n / 2 % 3;
        config.replicas = 1 + n / 6;
        config.schedule.microbatches = 1 + n % 3;
        config.remat = (sluice_remat)(n % 3);
        config.trace = n % 2;
        if (!sl_test_skips_of(2))
            check(&problem, &config, gemm);
    }
    sl_test_problem_fini(&problem);
}

START_TEST(teams_equal_the_reference_bit_by_bit)
{
    for (size_t g = 0; g < sizeof exact / sizeof *exact; g++)
        for (int kind = 0; kind <= SL_TEST_TIED; kind++)
            if (kind != SL_TEST_PROBE && sluice_gemm_is_built(exact[g]))
                check_grid(kind, exact[g]);
}
END_TEST

/* A schedule on t devices at each of K places in R replicas.  Returns whether
 * it has a reference. */
static bool check_schedule(const struct sl_test_problem *problem,
                           const char *name, int team, int devices,
                           int replicas)
{
    enum { M = 4, CAPACITY = 8 };
    sluice_pipeline_config config = problem->config;
    sluice_schedule *custom = sl_test_runnable(name, devices, M, CAPACITY);
    config.uneven = true;
    config.team = team;
    config.replicas = replicas;
    config.gemm = sluice_gemm_is_built("packed") ? "packed" : "plain";
    config.queue_capacity = CAPACITY;
    config.schedule.devices = devices;
    config.schedule.microbatches = M;
    bool runs =
        custom && strcmp(name, "forward") != 0 &&
        !sl_test_is_asynchronous(name) &&
        !sluice_reference_order(custom, &config.schedule.backward_order, NULL);
    config.custom = custom;
    config.trace = devices % 2;
    if (runs)
        check(problem, &config, name);
    sluice_schedule_destroy(custom);
    return runs;
}

/* Every built-in synchronous schedule with a reference; some have two stages or
 * two copies of the model for each device.  The long test runs all teams,
 * places and replicas, the short one a different choice of each for every
 * schedule. */
START_TEST(every_synchronous_schedule_runs_with_teams)
{
    enum { N = 2 * 3 * 2 };
    static const enum sl_test_kind kinds[] = {SL_TEST_GPT, SL_TEST_RELU,
                                              SL_TEST_BLOCKS, SL_TEST_TIED};
    const char *name;
    int n_run = 0;
    for (int k = 0; k < 4; k++) {
        struct sl_test_problem problem = {0};
        ck_assert(!sl_test_problem_init(&problem, kinds[k], 12, BATCH, NULL));
        for (int i = 0; (name = sluice_schedule_generator(i)); i++)
            for (int n = 0; n < N; n++)
                if (sl_test_is_long()
                        ? n % 6 / 2 > 0 || k < 2
                        : n == 2 + (i + 3 * k) % (N - 2) && (i + k) % 4 == 0)
                    n_run += check_schedule(&problem, name, n % 2 ? 4 : 2,
                                            1 + n / 2 % 3, 1 + n / 6);
        sl_test_problem_fini(&problem);
    }
    ck_assert_int_ge(n_run, 12);
}
END_TEST

/* Fails one pass of one layer. */
struct fault {
    enum sl_test_pass pass;
    int layer;
    bool armed;
};

static sluice_status fail_there(void *context, const struct sl_test_cell *cell)
{
    const struct fault *fault = context;
    if (!fault->armed || cell->pass != fault->pass ||
        cell->layer != fault->layer)
        return SLUICE_OK;
    return sluice_diag_set(cell->why, SLUICE_IO, "it broke");
}

static void check_fault(struct sl_test_pair *pair, struct sl_test_problem *p,
                        struct fault *fault, int team)
{
    static const char kinds[] = {'F', 'R', 'B', 'B', 'F', 'B'};
    sluice_diag why;
    fault->armed = true;
    ck_assert_int_eq(sluice_pipeline_step(pair->pipe, sl_test_x(p, 0),
                                          sl_test_targets(p, 0), BATCH - 1,
                                          NULL, &why),
                     SLUICE_IO);
    fault->armed = false;
    ck_assert_str_eq(why.text, "it broke");
    ck_assert_int_eq(why.action[1], kinds[fault->pass]);
    if (fault->layer >= 0)
        ck_assert_int_eq(why.device / team, fault->layer / 2);
    ck_assert_int_eq(sl_test_parameters(pair), 0);
    ck_assert_int_eq(sl_test_step(pair, 0, BATCH - 1), 0);
}

/* Layers that a team does not divide are made by one of its devices, while the
 * others wait: all of them return from the step. */
START_TEST(a_failure_of_one_device_ends_the_step_of_the_team)
{
    enum { K = 2, N = 4 };
    for (int team = 2; team <= 3; team++) {
        struct fault fault = {.armed = false};
        struct sl_test_problem problem = {.probe = {fail_there, &fault}};
        struct sl_test_pair pair;
        ck_assert(
            !sl_test_problem_init(&problem, SL_TEST_PROBE, N, BATCH - 1, NULL));
        sluice_pipeline_config config = problem.config;
        config.team = team;
        config.schedule.devices = K;
        config.schedule.microbatches = 2;
        ck_assert_msg(!sl_test_pair_init(&pair, &problem, &config), "%s",
                      pair.why.text);
        for (fault.layer = -1; fault.layer < N; fault.layer++)
            for (int pass = 0; pass <= SL_TEST_LOSS_BACKWARD; pass++) {
                bool of_loss = pass >= SL_TEST_LOSS_FORWARD;
                fault.pass = (enum sl_test_pass)pass;
                if (of_loss == (fault.layer < 0) && pass != SL_TEST_RECOMPUTE)
                    check_fault(&pair, &problem, &fault, team);
            }
        sl_test_pair_fini(&pair);
        sl_test_problem_fini(&problem);
    }
}
END_TEST

/* A device has 1 / team of what one alone has at its place; their activations
 * are there once.  Of each replica. */
static void check_bytes(const sluice_model *model,
                        sluice_pipeline_config config, int team)
{
    enum { MOST = 3 * 4 };
    sluice_memory_plan one[MOST], plans[MOST];
    sluice_pipeline *pipe;
    sluice_diag why;
    int n = config.schedule.devices * team;
    ck_assert_msg(!sluice_pipeline_plan(model, &config, one, &why), "%s",
                  why.text);
    config.team = team;
    ck_assert(!sluice_pipeline_plan(model, &config, plans, NULL));
    ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
    for (int d = 0; d < n * config.replicas; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        ck_assert_uint_eq(info.actual_bytes, plans[d % n].total);
        ck_assert_uint_eq(info.planned.total, plans[d % n].total);
    }
    sluice_pipeline_destroy(pipe);
    for (int d = 0; d < n; d++) {
        ck_assert_uint_eq(plans[d].parameters * team, one[d / team].parameters);
        ck_assert_uint_eq(plans[d].gradients * team, one[d / team].gradients);
        ck_assert_uint_eq(plans[d].optimizer * team, one[d / team].optimizer);
        ck_assert_uint_lt(plans[d].total, one[d / team].total);
    }
    for (int d = 0; d < n; d += team) {
        size_t stash = 0;
        for (int s = 0; s < team; s++)
            stash += plans[d + s].stash;
        ck_assert_uint_eq(stash, one[d / team].stash);
    }
}

/* Of linear layers of 64 columns each device has as many as any other. */
START_TEST(each_device_has_its_shard_as_planned_to_the_byte)
{
    const sluice_adam_config adam = {
        .learning_rate = 0.01, .beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8};
    sluice_pipeline_config config = {
        .schedule = {.microbatches = 2},
        .batch = 16,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_adam(),
        .optimizer_config = &adam,
        .gemm = "plain",
    };
    sluice_model *model;
    ck_assert(!sluice_model_parse("64-64x7-64", NULL, &model, NULL));
    for (int n = 0; n < 2 * 3 * 2; n++) {
        config.schedule.devices = 1 + n / 2 % 3;
        config.replicas = 1 + n / 6;
        check_bytes(model, config, n % 2 ? 4 : 2);
    }
    sluice_model_destroy(model);
}
END_TEST

static void assert_refused(sluice_pipeline_config config,
                           const sluice_model *model, const char *sentence)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, sentence), "%s", why.text);
}

START_TEST(what_teams_cannot_do_is_refused)
{
    struct sl_test_problem problem = {0};
    ck_assert(!sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, 16, NULL));
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = 4;
    config.team = -1;
    assert_refused(config, problem.model, "a process runs 1 to 64 devices");
    config.team = SLUICE_MAX_DEVICES;
    assert_refused(config, problem.model, "a process runs 1 to 64 devices");
    config.team = 2;
    config.schedule.name = "pipedream";
    assert_refused(config, problem.model, "use a synchronous schedule");
    config.schedule.name = "gpipe";
    config.gemm = "onednn";
    if (sluice_gemm_is_built("onednn"))
        assert_refused(config, problem.model, "take packed, openblas");
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.teams", teams_equal_the_reference_bit_by_bit,
                 every_synchronous_schedule_runs_with_teams,
                 a_failure_of_one_device_ends_the_step_of_the_team,
                 each_device_has_its_shard_as_planned_to_the_byte,
                 what_teams_cannot_do_is_refused)
