/*
 * ZeRO: what a device has is planned to the byte, a step that fails has changed
 * nothing, and what does not go with it is refused.
 */
#include <string.h>

#include <sluice/schedule_text.h>

#include "support/faults/fault.h"
#include "support/judged_pair.h"
#include "support/optimized.h"
#include "support/grid.h"
#include "support/runner.h"
#include "support/faults/wary_sgd.h"

enum { LAYERS = 8, BATCH = 24, MOST = 8 };

static struct sl_test_problem problem;
static sluice_optimizer_choice choice;
static sluice_diag why;

static sluice_pipeline_config begin(enum sl_test_kind kind,
                                    const char *optimizer)
{
    return sl_test_optimized(&problem, &choice, kind, LAYERS, BATCH, optimizer);
}

static sluice_pipeline *create(const sluice_pipeline_config *config)
{
    sluice_pipeline *pipe;
    ck_assert_msg(!sluice_pipeline_create(config, problem.model, &pipe, &why),
                  "%s", why.text);
    return pipe;
}

/* Floats of the parameters of some layers, each tensor in whole lines. */
static size_t floats_of(int first_layer, int n_layers)
{
    size_t n = 0;
    for (int i = first_layer; i < first_layer + n_layers; i++) {
        const sluice_layer_plan *plan =
            sluice_model_layer_plan(problem.model, i);
        for (int p = 0; p < plan->n_params; p++)
            n += ((size_t)sluice_shape_elements(&plan->params[p].shape) + 15) /
                 16 * 16;
    }
    return n;
}

/* What a device has by the formula: p lines of 64 bytes in each stage, of which
 * each of R holders has its part, rounded up. */
struct formula {
    size_t parameters, gradients, optimizer;
};

static void add_stage(struct formula *f, size_t lines, int zero, size_t r,
                      size_t n_states)
{
    size_t share = (lines + r - 1) / r;
    f->parameters += 64 * (zero < 3 ? lines : share);
    f->gradients += 64 * (zero < 2 ? lines : share);
    f->optimizer += 64 * n_states * (zero < 1 ? lines : share);
}

/* Each of 2 devices has stages of as many layers, every second one its own. */
static void check_device(const sluice_pipeline *pipe, int device, int chunks,
                         int zero, size_t r, size_t n_states)
{
    struct formula f = {0};
    sluice_device_info info;
    size_t most = 0;
    sluice_pipeline_device(pipe, device, &info);
    for (int c = 0; c < chunks; c++) {
        size_t lines =
            floats_of(info.first_layer + 4 * c, info.n_layers / chunks) / 16;
        add_stage(&f, lines, zero, r, n_states);
        most = lines > most ? lines : most;
    }
    if (zero >= 2 && chunks == 1 && r > 1) /* it stays where it is summed */
        f.gradients = 64 * most;
    else if (zero >= 2 && r > 1) /* one whole gradient at a time, besides */
        f.gradients += 64 * most;
    ck_assert_uint_eq(info.planned.parameters, f.parameters);
    ck_assert_uint_eq(info.planned.gradients, f.gradients);
    ck_assert_uint_eq(info.planned.optimizer, f.optimizer);
    ck_assert_uint_eq(info.planned.total, info.actual_bytes);
}

static void check_memory(int chunks, int zero, int replicas,
                         const char *optimizer, size_t n_states)
{
    static const int partition[] = {2, 2, 2, 2};
    sluice_memory_plan plans[2];
    sluice_pipeline_config config = begin(SL_TEST_NORM, optimizer);
    config.zero = zero;
    config.replicas = replicas;
    config.schedule = (sluice_schedule_config){
        .name = chunks > 1 ? "looped-bfs" : "gpipe",
        .devices = 2,
        .microbatches = 2,
        .chunks = chunks,
    };
    if (chunks > 1) {
        config.cut = SLUICE_CUT_LIST;
        config.partition = partition;
    }
    ck_assert(!sluice_pipeline_plan(problem.model, &config, plans, NULL));
    sluice_pipeline *pipe = create(&config);
    for (int d = 0; d < 2 * replicas; d++) {
        sluice_device_info info;
        check_device(pipe, d, chunks, zero, (size_t)replicas, n_states);
        sluice_pipeline_device(pipe, d, &info);
        ck_assert_mem_eq(&info.planned, &plans[d % 2], sizeof plans[0]);
    }
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&problem);
}

START_TEST(memory_is_that_of_the_formula_to_the_byte)
{
    for (int replicas = 1; replicas <= MOST; replicas++)
        for (int zero = 0; zero <= 3; zero++)
            for (int chunks = 1; chunks <= 2; chunks++) {
                check_memory(chunks, zero, replicas, "sgd:lr=0.1,momentum=0.9",
                             1);
                check_memory(chunks, zero, replicas, "adamw:lr=0.01", 2);
            }
}
END_TEST

/* A device of a team has the same part of its shard. */
static void check_team(int zero, int replicas)
{
    enum { T = 2, K = 2, N_STATES = 2 };
    sluice_memory_plan alone[K * T], plans[K * T];
    sluice_pipeline_config config = begin(SL_TEST_GPT, "adamw:lr=0.01");
    config.schedule.devices = K;
    config.schedule.microbatches = 2;
    config.team = T;
    ck_assert(!sluice_pipeline_plan(problem.model, &config, alone, NULL));
    config.zero = zero;
    config.replicas = replicas;
    ck_assert(!sluice_pipeline_plan(problem.model, &config, plans, NULL));
    sluice_pipeline *pipe = create(&config);
    for (int d = 0; d < K * T * replicas; d++) {
        struct formula f = {0};
        sluice_device_info info;
        size_t lines = alone[d % (K * T)].parameters / 64;
        sluice_pipeline_device(pipe, d, &info);
        add_stage(&f, lines, zero, (size_t)replicas, N_STATES);
        ck_assert_uint_eq(info.planned.parameters, f.parameters);
        ck_assert_uint_eq(info.planned.gradients, 64 * lines);
        ck_assert_uint_eq(info.planned.optimizer, f.optimizer);
        ck_assert_uint_eq(info.planned.total, info.actual_bytes);
        ck_assert_mem_eq(&info.planned, &plans[d % (K * T)], sizeof plans[0]);
    }
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&problem);
}

START_TEST(a_device_of_a_team_has_its_part_of_its_shard_to_the_byte)
{
    for (int replicas = 2; replicas <= 4; replicas++)
        for (int zero = 0; zero <= 3; zero++)
            check_team(zero, replicas);
}
END_TEST

START_TEST(a_failure_in_any_replica_changes_nothing)
{
    enum { R = 3, K = 2 };
    for (int n = 0; n < R * 3; n++) {
        int replica = n % R, team = 1 + n % 2;
        struct sl_test_fault fault = {.pass = SL_TEST_WEIGHT,
                                      .layer = 1,
                                      .first_row = replica * BATCH / R};
        struct sl_test_pair pair;
        problem =
            (struct sl_test_problem){.probe = {sl_test_fail_there, &fault}};
        ck_assert(
            !sl_test_problem_init(&problem, SL_TEST_MIXED, 4, BATCH, NULL));
        ck_assert(
            !sluice_optimizer_parse("sgd:lr=0.01,momentum=0.9", &choice, NULL));
        sluice_pipeline_config config = problem.config;
        config.optimizer_config = &choice.config;
        config.zero = 1 + n / R;
        config.replicas = R;
        config.team = team;
        config.gemm = "plain"; /* has the bits of one device */
        config.schedule.devices = K;
        config.schedule.microbatches = 2;
        ck_assert_msg(!sl_test_pair_init(&pair, &problem, &config), "%s",
                      pair.why.text);
        ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
        fault.armed = true;
        ck_assert_int_eq(sluice_pipeline_step(pair.pipe, sl_test_x(&problem, 0),
                                              sl_test_targets(&problem, 0),
                                              BATCH, NULL, &why),
                         SLUICE_IO);
        ck_assert_int_eq(why.device / (K * team), replica);
        fault.armed = false;
        ck_assert_int_eq(sl_test_parameters(&pair), 0);
        ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
        sl_test_pair_fini(&pair);
        sl_test_problem_fini(&problem);
    }
}
END_TEST

/* Four layers, each a stage, on two devices or teams. */
static sluice_pipeline_config begin_probes(struct sl_test_fault *fault,
                                           sluice_optimizer_ops *optimizer)
{
    problem = (struct sl_test_problem){.probe = {sl_test_fail_there, fault}};
    ck_assert(!sl_test_problem_init(&problem, SL_TEST_PROBE, 4, BATCH, NULL));
    *optimizer = sl_test_wary_sgd();
    sluice_pipeline_config config = problem.config;
    config.optimizer = optimizer;
    config.schedule = (sluice_schedule_config){
        .name = "looped-bfs", .devices = 2, .microbatches = 2, .chunks = 2};
    return config;
}

/* The step fails in that replica, and does no harm. */
static void fail_step(struct sl_test_pair *pair,
                      const sluice_pipeline_config *config,
                      struct sl_test_fault *fault, sluice_status expected,
                      int replica)
{
    if (sl_test_skips_of(2))
        return;
    fault->armed = true;
    sluice_status st = sluice_pipeline_step(pair->pipe, problem.x,
                                            problem.targets, BATCH, NULL, &why);
    fault->armed = false;
    ck_assert_msg(st == expected && why.stage == fault->layer &&
                      why.device / (2 * config->team) == replica,
                  "zero %d, t %d, layer %d, pass %d: device %d, %s: %s",
                  config->zero, config->team, fault->layer, (int)fault->pass,
                  why.device, why.action, why.text);
    ck_assert_msg(!sl_test_parameters(pair), "%s", pair->text);
    ck_assert_msg(!sl_test_step(pair, 3, BATCH), "%s", pair->text);
}

/* Whether others compute then, or wait in the middle of their lists to add up
 * gradients.  A stage has one line of parameters, which is the last holder's:
 * it checks the sums. */
static void fail_everywhere(int zero, int team)
{
    enum { R = 2 };
    static const enum sl_test_pass passes[] = {SL_TEST_FORWARD, SL_TEST_INPUT,
                                               SL_TEST_WEIGHT};
    struct sl_test_fault fault = {0};
    struct sl_test_pair pair;
    sluice_optimizer_ops optimizer;
    sluice_pipeline_config config = begin_probes(&fault, &optimizer);
    config.zero = zero;
    config.team = team;
    config.replicas = R;
    ck_assert_msg(!sl_test_pair_init(&pair, &problem, &config), "%s",
                  pair.why.text);
    for (int n = 0; n < 3 * 4 * R * 2; n++) {
        int replica = n % R, m = n / R % 2;
        fault.layer = n / R / 2 % 4;
        fault.pass = passes[n / R / 2 / 4];
        fault.first_row = replica * BATCH / R + m * BATCH / R / 2;
        if (fault.pass != SL_TEST_INPUT || fault.layer > 0)
            fail_step(&pair, &config, &fault, SLUICE_IO, replica);
    }
    fault.pass = SL_TEST_WEIGHT;
    fault.poison = true;
    for (int n = 0; n < 4 * R; n++) {
        fault.layer = n % 4;
        fault.first_row = n / 4 * BATCH / R;
        fail_step(&pair, &config, &fault, SLUICE_LAYER, R - 1);
    }
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&problem);
}

START_TEST(a_failure_of_any_action_while_replicas_share_changes_nothing)
{
    for (int zero = 1; zero <= 3; zero++)
        for (int team = 1; team <= 2; team++)
            fail_everywhere(zero, team);
}
END_TEST

static void refuse(const sluice_pipeline_config *config, const char *sentence)
{
    sluice_pipeline *pipe;
    ck_assert_int_eq(sluice_pipeline_create(config, problem.model, &pipe, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, sentence);
}

START_TEST(a_gradient_that_is_kept_for_long_is_refused_with_what_stands_between)
{
    sluice_pipeline_config config = begin(SL_TEST_RELU, "sgd:lr=0.1");
    config.replicas = 2;
    config.zero = 2;
    config.schedule.name = "1f1b";
    config.schedule.devices = 2;
    config.schedule.microbatches = 4;
    refuse(&config, "ZeRO stage 2: the backwards of stage 0 do not follow each "
                    "other, for 0F2 at position 3 of device 0 stands between "
                    "0B0 and the next one, and the whole gradient would be "
                    "kept meanwhile; use gpipe, looped-bfs or gather_weights "
                    "of all micro-batches, or set zero to 1");
    ck_assert_int_eq(why.stage, 0);
    ck_assert_int_eq(why.position, 3);
    config.zero = 3;
    config.schedule.name = "dualpipe";
    refuse(&config, "ZeRO stage 3 under a schedule with 2 copies of the model, "
                    "which add up their gradients at its end; set zero to 1, "
                    "or use a schedule with one copy");
    sl_test_problem_fini(&problem);
    config = begin(SL_TEST_RELU, "sgd:lr=0.1");
    sluice_model_destroy(problem.model);
    ck_assert(!sluice_model_parse("input(4); reshape(1, height=2, width=2); "
                                  "batch_norm; global_average_pool; linear(5)",
                                  NULL, &problem.model, NULL));
    config.replicas = 2;
    config.zero = 2;
    config.schedule.name = "looped-bfs";
    config.schedule.devices = 2;
    config.schedule.microbatches = 2;
    refuse(&config, "ZeRO stage 2 with 4 stages on 2 devices, which use one "
                    "gradient in turn, and layer 1, whose statistics need "
                    "their sums until the update; set zero to 1, or use a "
                    "schedule with a stage on each device");
    sl_test_problem_fini(&problem);
    config = begin(SL_TEST_TIED, "sgd:lr=0.1");
    config.replicas = 2;
    config.zero = 2;
    refuse(&config, "ZeRO stage 2 and tied parameters, whose whole gradients "
                    "are added up before anything is shared; set zero to 1, or "
                    "tie nothing");
    sl_test_problem_fini(&problem);
}
END_TEST

/* A pipeline of the CSV's schedule is refused at a cell of device 0. */
static void refuse_schedule(sluice_pipeline_config config, const char *csv,
                            int position, const char *sentence)
{
    sluice_schedule *schedule;
    ck_assert(!sluice_schedule_parse_csv(csv, strlen(csv), SLUICE_CSV_DETECT,
                                         NULL, &schedule, NULL));
    config.custom = schedule;
    refuse(&config, sentence);
    ck_assert_int_eq(why.device, 0);
    ck_assert_int_eq(why.position, position);
    sluice_schedule_destroy(schedule);
}

START_TEST(a_gradient_that_is_not_reduced_in_its_turn_is_refused)
{
    sluice_pipeline_config config = begin(SL_TEST_RELU, "sgd:lr=0.1,clip=1");
    config.replicas = 2;
    config.zero = 2;
    config.schedule = (sluice_schedule_config){0};
    refuse_schedule(
        config, "0F0,1F0,1B0,0B0,1REDUCE_GRAD,0REDUCE_GRAD,0UPDATE,1UPDATE", 2,
        "ZeRO stage 2: between 1B0 at position 2 of device 0 and "
        "the next stage's backward, or the end of the list, there "
        "is no 1REDUCE_GRAD, and its gradient would not be kept; "
        "put it there, or set zero to 1");
    refuse_schedule(config, "0UNSHARD,0F0,0B0,0UPDATE", 2,
                    "ZeRO stage 2: between 0B0 at position 2 of device 0 and "
                    "the next stage's backward, or the end of the list, there "
                    "is no 0REDUCE_GRAD, and its gradient would not be kept; "
                    "put it there, or set zero to 1");
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(what_does_not_go_with_it_is_refused)
{
    sluice_pipeline_config config = begin(SL_TEST_RELU, "sgd:lr=0.1");
    sluice_optimizer_ops whole = *choice.ops;
    config.replicas = 2;
    config.zero = -1;
    refuse(&config, "ZeRO stage -1: there are stages 0, which shares nothing, "
                    "to 3");
    config.zero = 1;
    whole.elementwise = false;
    config.optimizer = &whole;
    refuse(&config, "ZeRO stage 1 and optimizer sgd, which does not say that "
                    "it updates each element by itself (`elementwise`); set "
                    "zero to 0, or take another optimizer");
    config.optimizer = choice.ops;
    config.schedule.name = "pipedream";
    config.schedule.devices = 2;
    config.schedule.microbatches = 4;
    refuse(&config, "ZeRO stage 1 under an asynchronous schedule, whose stages "
                    "keep several versions of their weights; use a synchronous "
                    "schedule, or set zero to 0");
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN(
    "pipeline.zero_states", memory_is_that_of_the_formula_to_the_byte,
    a_device_of_a_team_has_its_part_of_its_shard_to_the_byte,
    a_failure_in_any_replica_changes_nothing,
    a_failure_of_any_action_while_replicas_share_changes_nothing,
    a_gradient_that_is_kept_for_long_is_refused_with_what_stands_between,
    a_gradient_that_is_not_reduced_in_its_turn_is_refused,
    what_does_not_go_with_it_is_refused)
