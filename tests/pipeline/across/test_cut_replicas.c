/*
 * A vocabulary that is cut across the devices of each replica: within rounding
 * of the reference, with the same bits in all replicas and under every
 * schedule.
 */
#include "support/cut/cut_training.h"
#include "support/grid.h"
#include "support/runner.h"

enum { BATCH = 11, VOCABULARY = SL_TEST_CUT_VOCABULARY };

static const char *const *const texts = sl_test_cut_models;

static sluice_pipeline_config config_of(const char *schedule, int devices,
                                        int microbatches, int replicas)
{
    sluice_pipeline_config config =
        sl_test_cut_config(schedule, devices, microbatches, BATCH);
    config.replicas = replicas;
    return config;
}

START_TEST(replicas_train_as_the_reference)
{
    for (int i = 0; i < SL_TEST_CUT_N_MODELS; i++)
        for (int replicas = 2; replicas <= 3; replicas++) {
            if (sl_test_skips())
                continue;
            sl_test_cut_compare(texts[i], config_of("1f1b", 1, 3, replicas));
            sl_test_cut_compare(texts[i], config_of("1f1b", 3, 4, replicas));
            sl_test_cut_compare(
                texts[i],
                config_of("zb-v", 2, 6, replicas)); /* some are empty */
        }
}
END_TEST

START_TEST(the_bits_depend_on_parts_and_replicas_alone)
{
    static const char *const names[] = {"gpipe", "zb-h1", "zb-v",
                                        "interleaved-1f1b"};
    static struct sl_test_values want, have;
    for (int t = 0; t < SL_TEST_CUT_N_MODELS; t++) {
        sl_test_cut_train(texts[t], config_of("1f1b", 2, 4, 2), BATCH, &want);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            sluice_pipeline_config config = config_of(names[i], 2, 4, 2);
            config.remat = i % 2 ? SLUICE_REMAT_ALWAYS : SLUICE_REMAT_NEVER;
            sl_test_cut_train(texts[t], config, BATCH, &have);
            ck_assert_msg(sl_test_same(&have, &want), "%s", names[i]);
        }
    }
}
END_TEST

/* Replica 1 has no rows: what it adds is zero, and not what it had before. */
START_TEST(a_replica_without_rows_adds_nothing)
{
    static struct sl_test_values want, have;
    for (int t = 0; t < SL_TEST_CUT_N_MODELS; t++) {
        sl_test_cut_train(texts[t], config_of("1f1b", 2, 3, 1), 1, &want);
        sl_test_cut_train(texts[t], config_of("1f1b", 2, 3, 2), 1, &have);
        sl_test_near(&have, &want, 1e-5, "parameter");
    }
}
END_TEST

/* The table of the head, or the one that both ends use. */
START_TEST(a_table_that_is_set_is_set_in_all_replicas)
{
    float values[VOCABULARY * 6] = {0}, again[VOCABULARY * 6];
    struct sl_test_cut_data data;
    sluice_model *model = sl_test_parse(texts[SL_TEST_CUT_TIED]);
    sluice_pipeline_config config = config_of("1f1b", 2, 3, 2);
    sluice_pipeline *pipe = sl_test_cut_create(&config, model);
    sluice_result result;
    sl_test_cut_fill(&data);
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

SLUICE_TEST_MAIN("pipeline.cut_replicas", replicas_train_as_the_reference,
                 the_bits_depend_on_parts_and_replicas_alone,
                 a_replica_without_rows_adds_nothing,
                 a_table_that_is_set_is_set_in_all_replicas)
