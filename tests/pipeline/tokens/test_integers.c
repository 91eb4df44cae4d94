/*
 * Models whose input is integers.  The grids of kinds in the other tests have
 * one among them; here is what they do not reach.
 */
#include <string.h>

#include "support/judged_pair.h"
#include "support/runner.h"
#include "support/tokens.h"

enum { BATCH = 12, LAYERS = 4, OUT = 5 };

static struct sl_test_problem problem;

static void start(void)
{
    problem = (struct sl_test_problem){0};
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_TOKENS, LAYERS, BATCH, NULL));
}

/* The model again, with its first two layers inside a sequence. */
static sluice_model *in_a_sequence(void)
{
    const sluice_model_config config = {
        .input = sluice_model_input(problem.model),
        .input_type = SLUICE_I32,
    };
    const sluice_linear_config hidden = {.out = 6, .activation = SLUICE_TANH};
    const sluice_linear_config last = {.out = OUT};
    sluice_model *model = NULL;
    ck_assert(!sluice_model_create(&config, &model, NULL) &&
              !sluice_model_begin(model, sluice_sequence(), NULL) &&
              !sluice_model_add(model, sl_test_lookup_layer(), NULL, NULL) &&
              !sluice_model_add(model, sluice_linear(), &hidden, NULL) &&
              !sluice_model_end(model, NULL) &&
              !sluice_model_add(model, sluice_linear(), &hidden, NULL) &&
              !sluice_model_add(model, sluice_linear(), &last, NULL));
    return model;
}

/* One model under up to three devices, with and without replicas and
 * recomputation. */
static void check_bits(sluice_model *model)
{
    struct sl_test_pair pair;
    sluice_model_destroy(problem.model);
    problem.model = model;
    problem.out = OUT;
    for (int i = 0; i < 12; i++) {
        sluice_pipeline_config config = problem.config;
        config.schedule.devices = 1 + i % 3;
        config.schedule.microbatches = 3;
        config.replicas = 1 + i / 6;
        config.remat = i / 3 % 2 ? SLUICE_REMAT_ALWAYS : SLUICE_REMAT_NEVER;
        ck_assert_msg(!sl_test_pair_init(&pair, &problem, &config), "%s",
                      pair.why.text);
        ck_assert_msg(!sl_test_step(&pair, 0, BATCH) &&
                          !sl_test_step(&pair, 5, BATCH - 1) &&
                          !sl_test_evaluate(&pair, 1, 2 * BATCH + 3) &&
                          !sl_test_infer(&pair, 3, 2 * BATCH + 1),
                      "%s", pair.text);
        sl_test_pair_fini(&pair);
    }
}

START_TEST(integers_inside_a_sequence_give_the_bits_of_the_reference)
{
    start();
    check_bits(in_a_sequence());
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(the_librarys_embedding_gives_the_bits_of_the_reference)
{
    sluice_model *model = NULL;
    ck_assert(!sluice_model_parse("input(6, int32); embedding(7, width=3); "
                                  "linear(8, activation=gelu); linear(5)",
                                  NULL, &model, NULL));
    start();
    check_bits(model);
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(a_layer_of_integers_is_measured_for_a_cut_by_time)
{
    sluice_pipeline *pipe;
    sluice_diag why = {.text = ""};
    start();
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 2;
    config.cut = SLUICE_CUT_TIME;
    ck_assert_msg(!sluice_pipeline_create(&config, problem.model, &pipe, &why),
                  "%s", why.text);
    ck_assert(!sluice_pipeline_step(pipe, problem.tokens, problem.targets,
                                    BATCH, NULL, NULL));
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(a_token_that_a_layer_refuses_fails_the_step_and_changes_nothing)
{
    struct sl_test_pair pair;
    sluice_diag why = {.text = ""};
    start();
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = 4;
    ck_assert(!sl_test_pair_init(&pair, &problem, &config));
    int32_t *bad = &problem.tokens[(BATCH - 1) * problem.in];
    int32_t good = *bad;
    *bad = SL_TEST_VOCABULARY;
    ck_assert_int_eq(sluice_pipeline_step(pair.pipe, problem.tokens,
                                          problem.targets, BATCH, NULL, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "token 7 is beyond"), "%s", why.text);
    ck_assert_int_eq(why.device, 0);
    ck_assert_int_eq(why.microbatch, 3);
    *bad = good;
    ck_assert_int_eq(sl_test_parameters(&pair), 0);
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN(
    "pipeline.integers",
    integers_inside_a_sequence_give_the_bits_of_the_reference,
    the_librarys_embedding_gives_the_bits_of_the_reference,
    a_layer_of_integers_is_measured_for_a_cut_by_time,
    a_token_that_a_layer_refuses_fails_the_step_and_changes_nothing)
