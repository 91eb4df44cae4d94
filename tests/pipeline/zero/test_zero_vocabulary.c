/*
 * ZeRO with a vocabulary that is cut across the devices of each replica: the
 * bits of replicas that share nothing, in parameters, gradients and states, and
 * as many bytes as the formula says.
 */
#include <sluice/pipeline_state.h>

#include "support/cut/cut_training.h"
#include "support/grid.h"
#include "support/runner.h"

enum { BATCH = 11, WIDTH = SL_TEST_CUT_WIDTH, K = 2 };

static const char *const *const texts = sl_test_cut_models;

static const char *const optimizers[] = {
    "adamw:lr=0.01",
    "sgd:lr=0.3,momentum=0.9,clip=1",
    "adamw:lr=0.01,clip=0.05,decay-all",
};

enum {
    N_TEXTS = SL_TEST_CUT_N_MODELS,
    N_OPTIMIZERS = sizeof optimizers / sizeof *optimizers
};

static sluice_pipeline_config config_of(const char *schedule, int devices,
                                        int replicas, const char *optimizer)
{
    sluice_pipeline_config config =
        sl_test_cut_config(schedule, devices, 4, BATCH);
    config.replicas = replicas;
    sl_test_cut_optimize(&config, optimizer);
    return config;
}

/* Parameters, gradients and states. */
static void read_all(const sluice_pipeline *pipe, const sluice_model *model,
                     struct sl_test_values *values)
{
    static struct sl_test_values gradients;
    sluice_state_tensor at = {.state = -1};
    values->n = 0;
    while (sluice_pipeline_next_tensor(pipe, &at))
        ck_assert_int_eq(
            sluice_pipeline_get_tensor(pipe, at.name,
                                       sl_test_room(values, at.parameter.n),
                                       at.parameter.n, NULL),
            SLUICE_OK);
    sl_test_read(pipe, model, true, &gradients);
    memcpy(sl_test_room(values, gradients.n), gradients.at,
           (size_t)gradients.n * sizeof *gradients.at);
}

/* Put back what was read of parameters and states, in another pipeline. */
static void put_all(sluice_pipeline *pipe, const struct sl_test_values *values)
{
    sluice_state_tensor at = {.state = -1};
    const float *from = values->at;
    while (sluice_pipeline_next_tensor(pipe, &at)) {
        ck_assert_int_eq(sluice_pipeline_set_tensor(pipe, at.name, from,
                                                    at.parameter.n, NULL),
                         SLUICE_OK);
        from += at.parameter.n;
    }
}

/* Some steps, the second of so few rows that a replica has none; then what was
 * trained goes on in a pipeline of another ZeRO stage. */
static void train(const char *text, sluice_pipeline_config config, int then,
                  struct sl_test_values *values)
{
    static const int64_t rows[] = {BATCH, 1, BATCH - 2};
    struct sl_test_cut_data data;
    sluice_model *model = sl_test_parse(text);
    sl_test_cut_fill(&data);
    for (int part = 0; part < 2; part++) {
        sluice_pipeline *pipe = sl_test_cut_create(&config, model);
        if (part == 1) {
            put_all(pipe, values);
            sluice_pipeline_set_n_steps(pipe, 3);
        }
        for (int s = 0; s < 3; s++)
            ck_assert_int_eq(sluice_pipeline_step(pipe, data.x, data.labels,
                                                  rows[s], NULL, NULL),
                             SLUICE_OK);
        read_all(pipe, model, values);
        sluice_pipeline_destroy(pipe);
        config.zero = then;
    }
    sluice_model_destroy(model);
}

static void compare(const char *text, sluice_pipeline_config config,
                    const char *optimizer)
{
    static struct sl_test_values want, have;
    int zero = config.zero;
    config.zero = 0;
    train(text, config, 0, &want);
    config.zero = zero;
    train(text, config, (zero + 1) % 4, &have);
    ck_assert_msg(sl_test_same(&have, &want), "zero %d, %s, K %d, R %d, %s",
                  zero, config.schedule.name, config.schedule.devices,
                  config.replicas, optimizer);
}

/* Stages 2 and 3 with schedules whose backwards follow each other. */
START_TEST(replicas_that_share_have_the_bits_of_those_that_do_not)
{
    for (int n = 0; n < N_TEXTS * 3 * N_OPTIMIZERS; n++) {
        const char *optimizer = optimizers[n % N_OPTIMIZERS];
        const char *text = texts[n / N_OPTIMIZERS % N_TEXTS];
        sluice_pipeline_config config =
            config_of(n % 2 ? "looped-bfs" : "gpipe", 1 + n % 3, 2 + n / 2 % 2,
                      optimizer);
        config.schedule.chunks = n % 2 ? 2 : 0;
        config.zero = 1 + n / N_OPTIMIZERS / N_TEXTS;
        config.gemm = n % 4 ? "packed" : "plain";
        if (!sl_test_skips())
            compare(text, config, optimizer);
    }
}
END_TEST

START_TEST(stage_1_has_the_bits_under_every_schedule)
{
    static const char *const names[] = {"1f1b", "zb-h1", "zb-v",
                                        "interleaved-1f1b"};
    for (int i = 0; i < 4; i++) {
        sluice_pipeline_config config =
            config_of(names[i], K, 2, optimizers[i % N_OPTIMIZERS]);
        static struct sl_test_values want, have;
        sl_test_cut_train(texts[i % N_TEXTS], config, BATCH, &want);
        config.zero = 1;
        sl_test_cut_train(texts[i % N_TEXTS], config, BATCH, &have);
        ck_assert_msg(sl_test_same(&have, &want), "%s", names[i]);
    }
}
END_TEST

/* Lines of 64 bytes that a device has of a table, of 13 or 17 rows. */
static size_t lines_of(int rows, int device)
{
    int n = rows / K + (device < rows % K);
    return ((size_t)n * WIDTH + 15) / 16;
}

static size_t share_of(size_t lines, int replicas, bool shared)
{
    size_t n = shared ? (size_t)replicas : 1;
    return (lines + n - 1) / n;
}

/* `alone` is without ZeRO: its stage has what its tables leave. */
static void check_device(const sluice_memory_plan *alone,
                         const sluice_memory_plan *plan, bool one_table,
                         int device, int zero, int replicas)
{
    size_t head = lines_of(SL_TEST_CUT_VOCABULARY, device);
    size_t rows = one_table ? 0 : lines_of(SL_TEST_CUT_OTHER_ROWS, device);
    size_t stage = alone->parameters / 64 - head - rows;
    size_t states = share_of(stage, replicas, zero >= 1) +
                    share_of(head, replicas, zero >= 1) +
                    share_of(rows, replicas, zero >= 1);
    size_t params = share_of(stage, replicas, zero >= 3) +
                    share_of(head, replicas, zero >= 3) +
                    share_of(rows, replicas, zero >= 3);
    ck_assert_uint_eq(plan->parameters, 64 * params);
    ck_assert_uint_eq(plan->optimizer, 2 * 64 * states);
    ck_assert_uint_eq(plan->gradients,
                      64 * (stage + (one_table ? 2 : 1) * head + rows));
}

START_TEST(memory_is_that_of_the_formula_to_the_byte)
{
    for (int n = 0; n < N_TEXTS * 3 * 4; n++) {
        sluice_memory_plan alone[K], plans[K];
        sluice_model *model = sl_test_parse(texts[n % N_TEXTS]);
        int replicas = 2 + n / N_TEXTS % 3;
        sluice_pipeline_config config =
            config_of("gpipe", K, replicas, "adamw:lr=0.01");
        ck_assert(!sluice_pipeline_plan(model, &config, alone, NULL));
        config.zero = n / N_TEXTS / 3;
        ck_assert(!sluice_pipeline_plan(model, &config, plans, NULL));
        for (int d = 0; d < K; d++)
            check_device(&alone[d], &plans[d], n % N_TEXTS == 0, d, config.zero,
                         replicas);
        sluice_pipeline_destroy(sl_test_cut_create(&config, model));
        sluice_model_destroy(model);
    }
}
END_TEST

START_TEST(the_order_of_backwards_is_refused_as_without_it)
{
    sluice_model *model = sl_test_parse(texts[SL_TEST_CUT_TIED]);
    sluice_pipeline_config config = config_of("1f1b", K, 2, optimizers[0]);
    sluice_pipeline *pipe;
    sluice_diag why = {.text = ""};
    config.zero = 2;
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "do not follow each other, for 0F"), "%s",
                  why.text);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.zero_vocabulary",
                 replicas_that_share_have_the_bits_of_those_that_do_not,
                 stage_1_has_the_bits_under_every_schedule,
                 memory_is_that_of_the_formula_to_the_byte,
                 the_order_of_backwards_is_refused_as_without_it)
