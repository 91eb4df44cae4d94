/*
 * ZeRO: what a device has is planned to the byte, a step that fails has changed
 * nothing, and what does not go with it is refused.
 */
#include <string.h>

#include "support/fault.h"
#include "support/judged_pair.h"
#include "support/runner.h"

enum { LAYERS = 5, BATCH = 24, MOST = 8 };

static struct sl_test_problem problem;
static sluice_optimizer_choice choice;
static sluice_diag why;

static sluice_pipeline_config begin(enum sl_test_kind kind,
                                    const char *optimizer)
{
    problem = (struct sl_test_problem){0};
    ck_assert(!sl_test_problem_init(&problem, kind, LAYERS, BATCH, NULL));
    ck_assert(!sluice_optimizer_parse(optimizer, &choice, NULL));
    sluice_pipeline_config config = problem.config;
    config.optimizer = choice.ops;
    config.optimizer_config = &choice.config;
    config.uneven = true;
    return config;
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

/* Bytes of a device with one stage by the formula: lines of 64 bytes, of which
 * each of R holders has its part, rounded up. */
static void check_device(const sluice_pipeline *pipe, int device, int zero,
                         int replicas, size_t n_states)
{
    sluice_device_info info;
    sluice_pipeline_device(pipe, device, &info);
    size_t lines = floats_of(info.first_layer, info.n_layers) / 16;
    size_t r = zero > 0 ? (size_t)replicas : 1;
    ck_assert_uint_eq(info.planned.parameters, 64 * lines);
    ck_assert_uint_eq(info.planned.gradients, 64 * lines);
    ck_assert_uint_eq(info.planned.optimizer,
                      n_states * 64 * ((lines + r - 1) / r));
    ck_assert_uint_eq(info.planned.total, info.actual_bytes);
}

START_TEST(memory_is_that_of_the_formula_to_the_byte)
{
    static const struct {
        const char *text;
        size_t n_states;
    } optimizers[] = {{"sgd:lr=0.1,momentum=0.9", 1}, {"adamw:lr=0.01", 2}};
    for (int n = 0; n < 2 * 2 * MOST; n++) {
        sluice_memory_plan plans[2];
        sluice_pipeline_config config =
            begin(SL_TEST_NORM, optimizers[n % 2].text);
        config.zero = n / 2 % 2;
        config.replicas = 1 + n / 4;
        config.schedule.devices = 2;
        config.schedule.microbatches = 2;
        ck_assert(!sluice_pipeline_plan(problem.model, &config, plans, NULL));
        sluice_pipeline *pipe = create(&config);
        for (int d = 0; d < 2 * config.replicas; d++) {
            sluice_device_info info;
            check_device(pipe, d, config.zero, config.replicas,
                         optimizers[n % 2].n_states);
            sluice_pipeline_device(pipe, d, &info);
            ck_assert_mem_eq(&info.planned, &plans[d % 2], sizeof plans[0]);
        }
        sluice_pipeline_destroy(pipe);
        sl_test_problem_fini(&problem);
    }
}
END_TEST

START_TEST(a_failure_in_any_replica_changes_nothing)
{
    enum { R = 3, K = 2 };
    for (int replica = 0; replica < R; replica++) {
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
        config.zero = 1;
        config.replicas = R;
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
        ck_assert_int_eq(why.device / K, replica);
        fault.armed = false;
        ck_assert_int_eq(sl_test_parameters(&pair), 0);
        ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
        sl_test_pair_fini(&pair);
        sl_test_problem_fini(&problem);
    }
}
END_TEST

static void refuse(const sluice_pipeline_config *config, const char *sentence)
{
    sluice_pipeline *pipe;
    ck_assert_int_eq(sluice_pipeline_create(config, problem.model, &pipe, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, sentence);
}

START_TEST(what_does_not_go_with_it_is_refused)
{
    sluice_pipeline_config config = begin(SL_TEST_RELU, "sgd:lr=0.1");
    sluice_optimizer_ops whole = *choice.ops;
    config.replicas = 2;
    config.zero = -1;
    refuse(&config, "ZeRO stage -1: there are stages 0, which shares nothing, "
                    "to 1");
    config.zero = 1;
    config.team = 2;
    refuse(&config, "ZeRO stage 1 and teams of 2 devices, whose parameters are "
                    "divided already; set zero to 0, or team to 1");
    config.team = 1;
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

SLUICE_TEST_MAIN("pipeline.zero_states",
                 memory_is_that_of_the_formula_to_the_byte,
                 a_failure_in_any_replica_changes_nothing,
                 what_does_not_go_with_it_is_refused)
