/*
 * A vocabulary that is cut across the devices in a model that begins with an
 * embedding: that is cut too, and may be one table with the head.
 */
#include <stdio.h>

#include "support/cut/cut_training.h"
#include "support/grid.h"
#include "support/runner.h"

enum {
    BATCH = 7,
    POSITIONS = SL_TEST_CUT_POSITIONS,
    VOCABULARY = SL_TEST_CUT_VOCABULARY,
};

/* As the first of the models, and with dropout; and an embedding without a
 * sequence. */
static const char *const *const models = sl_test_cut_models;
static const char dropped[] =
    "gpt2(layers=6, heads=2, width=6, vocabulary=13, context=3, dropout=0.2)";
static const char inside[] =
    "input(3, int32); sequence{embedding(13, width=6)}; linear(6, per-position,"
    "activation=tanh) x7; sequence{head(13)}; tie(8.0.weight, 0.0.weight)";

static sluice_pipeline_config config_of(const char *schedule, int devices,
                                        int microbatches)
{
    return sl_test_cut_config(schedule, devices, microbatches, BATCH);
}

/* All parameters after some steps. */
static void train(sluice_pipeline_config config, const char *text,
                  struct sl_test_values *values)
{
    sl_test_cut_train(text, config, BATCH, values);
}

START_TEST(a_cut_embedding_trains_as_the_whole_one)
{
    const char *const texts[] = {models[SL_TEST_CUT_TIED],
                                 models[SL_TEST_CUT_UNTIED], dropped, inside};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int k = 1; k <= 4; k++) {
            if (sl_test_skips())
                continue;
            sl_test_cut_compare(texts[i], config_of("1f1b", k, 7));
            sl_test_cut_compare(texts[i],
                                config_of(k % 2 ? "gpipe" : "zb-v", k, 5));
            sl_test_cut_compare(texts[i],
                                config_of("zb-h1", k, 8)); /* one is empty */
        }
    sl_test_cut_compare(models[SL_TEST_CUT_TIED], config_of("1f1b", 6, 7));
}
END_TEST

START_TEST(the_bits_depend_on_the_parts_alone)
{
    static const char *const names[] = {
        "1f1b",  "gpipe", "eager-1f1b", "zb-h1",
        "zb-h2", "zb-v",  "v-half",     "interleaved-1f1b"};
    for (int k = 1; k <= 4; k++) {
        static struct sl_test_values want, have;
        train(config_of("1f1b", k, 4), dropped, &want);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            for (int remat = 0; remat < 2; remat++) {
                sluice_pipeline_config config = config_of(names[i], k, 4);
                config.remat = remat ? SLUICE_REMAT_ALWAYS : SLUICE_REMAT_NEVER;
                if (sl_test_skips())
                    continue;
                train(config, dropped, &have);
                ck_assert_msg(sl_test_same(&have, &want), "%s, K %d, remat %d",
                              names[i], k, remat);
            }
    }
}
END_TEST

START_TEST(weight_gradients_in_one_product_are_those_of_each)
{
    static struct sl_test_values want, have;
    sluice_pipeline_config config = config_of("zb-h1", 3, 7);
    config.join_weights = true;
    train(config, models[SL_TEST_CUT_TIED], &have);
    config.vocabulary_parallel = false;
    train(config, models[SL_TEST_CUT_TIED], &want);
    sl_test_near(&have, &want, 1e-5, "parameter");
}
END_TEST

START_TEST(evaluation_and_inference_are_those_of_the_whole_one)
{
    struct sl_test_cut_data data;
    sluice_model *model = sl_test_parse(models[SL_TEST_CUT_TIED]);
    sluice_pipeline_config config = config_of("1f1b", 3, 3);
    sl_test_cut_fill(&data);
    sl_test_cut_infers(&config, model, data.x, data.labels);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_wrong_token_fails_the_step_in_its_f_and_changes_nothing)
{
    static struct sl_test_values before, after;
    struct sl_test_cut_data data;
    sluice_model *model = sl_test_parse(models[SL_TEST_CUT_TIED]);
    sluice_pipeline_config config = config_of("1f1b", 3, BATCH);
    sluice_pipeline *pipe = sl_test_cut_create(&config, model);
    sl_test_cut_fill(&data);
    sl_test_read(pipe, model, false, &before);
    for (int m = 0; m < BATCH; m++) {
        char want[16];
        sluice_diag why = {.text = ""};
        int32_t right = data.x[m * POSITIONS];
        data.x[m * POSITIONS] = VOCABULARY;
        ck_assert_int_eq(
            sluice_pipeline_step(pipe, data.x, data.labels, BATCH, NULL, &why),
            SLUICE_INVALID);
        data.x[m * POSITIONS] = right;
        snprintf(want, sizeof want, "0F%d", m);
        ck_assert_str_eq(why.action, want);
        sl_test_read(pipe, model, false, &after);
        ck_assert(sl_test_same(&before, &after));
    }
    ck_assert_int_eq(
        sluice_pipeline_step(pipe, data.x, data.labels, BATCH, NULL, NULL),
        SLUICE_OK);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

/* Bytes of parameters of all devices. */
static size_t parameters_of(const char *text, bool cut, size_t *gradients)
{
    sluice_memory_plan plan[3];
    size_t bytes = 0;
    sluice_model *model = sl_test_parse(text);
    sluice_pipeline_config config = config_of("1f1b", 3, 4);
    config.vocabulary_parallel = cut;
    ck_assert_int_eq(sluice_pipeline_plan(model, &config, plan, NULL),
                     SLUICE_OK);
    *gradients = 0;
    for (int d = 0; d < 3; d++) {
        bytes += plan[d].parameters;
        *gradients += plan[d].gradients;
    }
    sluice_model_destroy(model);
    return bytes;
}

/* 13 rows of 24 bytes are 5, 4 and 4: 120, 96 and 96 bytes, on 64 each. */
START_TEST(a_tied_table_is_there_once_and_has_a_gradient_for_each_use)
{
    enum { WHOLE = 320, PARTS = 3 * 128 };
    size_t cut_gradients, gradients;
    size_t cut = parameters_of(models[SL_TEST_CUT_TIED], true, &cut_gradients);
    size_t whole = parameters_of(models[SL_TEST_CUT_TIED], false, &gradients);
    ck_assert_uint_eq(cut, whole - 2 * WHOLE + PARTS);
    ck_assert_uint_eq(cut_gradients, gradients - 2 * WHOLE + 2 * PARTS);
}
END_TEST

static void assert_refused(const char *text, int devices, const char *says)
{
    sluice_pipeline *pipe = NULL;
    sluice_diag why = {.text = ""};
    sluice_model *model = sl_test_parse(text);
    sluice_pipeline_config config = config_of("1f1b", devices, 4);
    config.loss_config = NULL;
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
    sluice_model_destroy(model);
}

START_TEST(what_cannot_be_cut_is_refused_with_a_sentence)
{
    assert_refused("input(3, int32); embedding(6, width=6); linear(6, "
                   "per-position); linear(6, per-position); head(6); "
                   "tie(3.weight, 2.weight)",
                   2, "3.weight is tied to layer 2, which is on one device");
    assert_refused("input(3, int32); embedding(6, width=6); linear(6, "
                   "per-position); head(6); tie(1.weight, 0.weight)",
                   2, "1.weight is tied to the table of layer 0 (embedding)");
    assert_refused("input(3, int32); embedding(2, width=6); linear(6, "
                   "per-position) x3; head(6)",
                   3, "layer 0 (embedding) has a vocabulary of 2");
}
END_TEST

/* There is one holder of each part; config_of() has a clip. */
START_TEST(zero_changes_no_bit_of_a_cut_vocabulary)
{
    for (int i = 0; i < SL_TEST_CUT_N_MODELS; i++) {
        static struct sl_test_values want, have;
        sluice_pipeline_config config = config_of("gpipe", 3, 4);
        train(config, models[i], &want);
        for (config.zero = 1; config.zero <= 3; config.zero++) {
            train(config, models[i], &have);
            ck_assert_msg(sl_test_same(&have, &want), "zero %d", config.zero);
        }
    }
}
END_TEST

SLUICE_TEST_MAIN("pipeline.cut_embedding",
                 a_cut_embedding_trains_as_the_whole_one,
                 the_bits_depend_on_the_parts_alone,
                 weight_gradients_in_one_product_are_those_of_each,
                 evaluation_and_inference_are_those_of_the_whole_one,
                 a_wrong_token_fails_the_step_in_its_f_and_changes_nothing,
                 a_tied_table_is_there_once_and_has_a_gradient_for_each_use,
                 what_cannot_be_cut_is_refused_with_a_sentence,
                 zero_changes_no_bit_of_a_cut_vocabulary)
