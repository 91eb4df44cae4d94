/*
 * A vocabulary that is cut across the devices of each replica: within rounding
 * of the reference, with the same bits in all replicas and under every
 * schedule.
 */
#include <sluice/layer.h>

#include "support/near_training.h"
#include "support/runner.h"
#include "support/values.h"

enum {
    BATCH = 11,
    POSITIONS = 3,
    VOCABULARY = 13,
    CLASSES = 11, /* two outputs are padding */
    STEPS = 3,
};

static const sluice_cross_entropy_config loss = {.classes = CLASSES,
                                                 .label_smoothing = 0.1};

/* One table for both ends, and one for each. */
static const char tied[] =
    "gpt2(layers=3, heads=2, width=6, vocabulary=13, context=3)";
static const char untied[] =
    "input(3, int32); embedding(17, width=6); linear(6, per-position, "
    "activation=tanh) x5; sequence{layer_norm(per-position); head(13)}";
static const char *const texts[] = {tied, untied};

static sluice_model *parse(const char *text)
{
    sluice_model *model = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_model_parse(text, NULL, &model, &why), "%s",
                  why.text);
    return model;
}

/* Tokens, one of which is in every row, and labels, some ignored. */
struct data {
    int32_t x[BATCH * POSITIONS];
    int32_t labels[BATCH * POSITIONS];
};

static void fill(struct data *data)
{
    for (int i = 0; i < BATCH * POSITIONS; i++) {
        data->x[i] = i % POSITIONS == 1 ? 5 : i * 5 % VOCABULARY;
        data->labels[i] = i % 5 == 4 ? -100 : i * 7 % CLASSES;
    }
}

static sluice_pipeline_config config_of(const char *schedule, int devices,
                                        int microbatches, int replicas)
{
    static const sluice_sgd_config sgd = {
        .learning_rate = 0.3F, .momentum = 0.9F, .clip = 1};
    return (sluice_pipeline_config){
        .schedule = {.name = schedule,
                     .devices = devices,
                     .microbatches = microbatches,
                     .backward_order = SLUICE_IN_ORDER},
        .vocabulary_parallel = true,
        .replicas = replicas,
        .batch = BATCH,
        .uneven = true,
        .loss = sluice_cross_entropy(),
        .loss_config = &loss,
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .seed = 5,
        .queue_capacity = 4,
    };
}

static sluice_pipeline *create(const sluice_pipeline_config *config,
                               const sluice_model *model)
{
    sluice_pipeline *pipe;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_pipeline_create(config, model, &pipe, &why), "%s",
                  why.text);
    for (int d = 0; d < sluice_pipeline_n_devices(pipe); d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        ck_assert_uint_eq(info.actual_bytes, info.planned.total);
    }
    return pipe;
}

static void compare(const char *text, const char *schedule, int devices,
                    int microbatches, int replicas)
{
    struct data data;
    sluice_model *model = parse(text);
    sluice_pipeline_config config =
        config_of(schedule, devices, microbatches, replicas);
    sluice_pipeline *pipe = create(&config, model);
    fill(&data);
    sl_test_trains_near(pipe, &config, model, data.x, data.labels, STEPS);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

START_TEST(replicas_train_as_the_reference)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int replicas = 2; replicas <= 3; replicas++) {
            compare(texts[i], "1f1b", 1, 3, replicas);
            compare(texts[i], "1f1b", 3, 4, replicas);
            compare(texts[i], "zb-v", 2, 6, replicas); /* some are empty */
        }
}
END_TEST

/* All parameters after some steps of so many rows. */
static void train(sluice_pipeline_config config, const char *text, int64_t rows,
                  struct sl_test_values *values)
{
    struct data data;
    sluice_model *model = parse(text);
    sluice_pipeline *pipe = create(&config, model);
    fill(&data);
    for (int step = 0; step < STEPS; step++)
        ck_assert_int_eq(
            sluice_pipeline_step(pipe, data.x, data.labels, rows, NULL, NULL),
            SLUICE_OK);
    sl_test_read(pipe, model, false, values);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

START_TEST(the_bits_depend_on_parts_and_replicas_alone)
{
    static const char *const names[] = {"gpipe", "zb-h1", "zb-v",
                                        "interleaved-1f1b"};
    static struct sl_test_values want, have;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        train(config_of("1f1b", 2, 4, 2), texts[t], BATCH, &want);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            sluice_pipeline_config config = config_of(names[i], 2, 4, 2);
            config.remat = i % 2 ? SLUICE_REMAT_ALWAYS : SLUICE_REMAT_NEVER;
            train(config, texts[t], BATCH, &have);
            ck_assert_msg(sl_test_same(&have, &want), "%s", names[i]);
        }
    }
}
END_TEST

/* Replica 1 has no rows: what it adds is zero, and not what it had before. */
START_TEST(a_replica_without_rows_adds_nothing)
{
    static struct sl_test_values want, have;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        train(config_of("1f1b", 2, 3, 1), texts[t], 1, &want);
        train(config_of("1f1b", 2, 3, 2), texts[t], 1, &have);
        sl_test_near(&have, &want, 1e-5, "parameter");
    }
}
END_TEST

/* The table of the head, or the one that both ends use. */
START_TEST(a_table_that_is_set_is_set_in_all_replicas)
{
    float values[VOCABULARY * 6] = {0}, again[VOCABULARY * 6];
    struct data data;
    sluice_model *model = parse(tied);
    sluice_pipeline_config config = config_of("1f1b", 2, 3, 2);
    sluice_pipeline *pipe = create(&config, model);
    sluice_result result;
    fill(&data);
    ck_assert_int_eq(sluice_pipeline_set_parameter(pipe, "0.0.weight", values,
                                                   VOCABULARY * 6, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_pipeline_get_parameter(pipe, "0.0.weight", again,
                                                   VOCABULARY * 6, NULL),
                     SLUICE_OK);
    ck_assert_mem_eq(values, again, sizeof values);
    /* All classes are as likely. */
    ck_assert_int_eq(sluice_pipeline_evaluate(pipe, data.x, data.labels, BATCH,
                                              &result, NULL),
                     SLUICE_OK);
    ck_assert_double_eq_tol(result.loss, 2.3978952727983707, 1e-6);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(zero_is_refused_with_a_sentence)
{
    sluice_model *model = parse(tied);
    for (int zero = 1; zero <= 3; zero++) {
        sluice_pipeline *pipe = NULL;
        sluice_diag why = {.text = ""};
        sluice_pipeline_config config = config_of("gpipe", 2, 3, 2);
        config.zero = zero;
        ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                         SLUICE_INVALID);
        ck_assert_ptr_nonnull(strstr(why.text, "a cut vocabulary divides"));
    }
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.cut_replicas", replicas_train_as_the_reference,
                 the_bits_depend_on_parts_and_replicas_alone,
                 a_replica_without_rows_adds_nothing,
                 a_table_that_is_set_is_set_in_all_replicas,
                 zero_is_refused_with_a_sentence)
