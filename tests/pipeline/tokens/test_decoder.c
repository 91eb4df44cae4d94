/* A model along a sequence, position by position: as a window at once. */
#include <sluice/decode.h>
#include <sluice/loss.h>

#include <math.h>
#include <stdio.h>

#include "support/allocator.h"
#include "support/runner.h"

enum { CONTEXT = 12, VOCABULARY = 17 };

static const double tolerance = 1e-5; /* of the largest output */

static sluice_diag why;
static sluice_model *model;
static sluice_pipeline *pipe;

static void begin(const char *text, int devices,
                  const sluice_allocator *allocator)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    ck_assert_msg(!sluice_model_parse(text, NULL, &model, &why), "%s",
                  why.text);
    const sluice_pipeline_config config = {
        .schedule = {.devices = devices, .microbatches = 1},
        .batch = 1,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .seed = 3,
        .allocator = allocator,
    };
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
}

static void end(void)
{
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

static int32_t token(int i)
{
    return (int32_t)((i * 7 + 3) % VOCABULARY);
}

/* Each position of a window, and the same again after a rewind. */
static void check_positions(sluice_decoder *decoder)
{
    int32_t x[CONTEXT];
    float want[CONTEXT][VOCABULARY], y[VOCABULARY];
    double largest = 0, apart = 0;
    for (int i = 0; i < CONTEXT; i++)
        x[i] = token(i);
    ck_assert(!sluice_pipeline_infer(pipe, x, 1, want[0], &why));
    for (int i = 0; i < CONTEXT; i++) {
        ck_assert_msg(!sluice_decoder_next(decoder, x[i], y, &why), "%s",
                      why.text);
        for (int j = 0; j < VOCABULARY; j++) {
            largest = fmax(largest, fabs((double)want[i][j]));
            apart = fmax(apart, fabs((double)(y[j] - want[i][j])));
        }
    }
    ck_assert_msg(apart <= tolerance * largest, "%g apart, of %g", apart,
                  largest);
}

static const char *const texts[] = {
    "input(12, int32); gpt2(layers=2, heads=2, width=8, vocabulary=17, "
    "context=20, dropout=0.1)",
    "input(12, int32); llama(layers=2, heads=4, kv-heads=2, width=16, "
    "hidden=24, vocabulary=17, context=20)",
    "input(12, int32); embedding(17, width=8); "
    "branches{linear(8, per-position, activation=tanh); "
    "attention(2, causal)}; activate(gelu); head(17)",
};

/* Its stages keep versions of their weights, in turn. */
START_TEST(a_rewind_takes_the_weights_of_an_asynchronous_schedule)
{
    enum { M = 8 };
    static const sluice_sgd_config sgd = {.learning_rate = 0.5};
    int32_t x[M * CONTEXT], targets[M * CONTEXT];
    sluice_decoder *decoder;
    ck_assert(!sluice_model_parse(texts[1], NULL, &model, &why));
    const sluice_pipeline_config config = {
        .schedule = {.name = "pipedream", .devices = 3, .microbatches = M},
        .batch = M,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .seed = 3,
    };
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    ck_assert(!sluice_decoder_create(pipe, &decoder, &why));
    check_positions(decoder);
    for (int i = 0; i < M * CONTEXT; i++) {
        x[i] = token(i);
        targets[i] = token(i + 1);
    }
    ck_assert_msg(!sluice_pipeline_step(pipe, x, targets, M, NULL, &why), "%s",
                  why.text);
    sluice_decoder_rewind(decoder);
    check_positions(decoder);
    sluice_decoder_destroy(decoder);
    end();
}
END_TEST

START_TEST(each_position_has_the_outputs_of_a_window)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int devices = 1; devices <= 3; devices++) {
            sluice_decoder *decoder;
            begin(texts[i], devices, NULL);
            ck_assert_msg(!sluice_decoder_create(pipe, &decoder, &why), "%s",
                          why.text);
            check_positions(decoder);
            sluice_decoder_rewind(decoder);
            check_positions(decoder);
            sluice_decoder_destroy(decoder);
            end();
        }
}
END_TEST

/* Of a pipeline whose devices hold parts of parameters, after a step. */
static void check_parts(const char *text, int team, bool cuts)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    int32_t x[CONTEXT], labels[CONTEXT];
    sluice_decoder *decoder;
    ck_assert(!sluice_model_parse(text, NULL, &model, &why));
    const sluice_pipeline_config config = {
        .schedule = {.devices = 2, .microbatches = 1},
        .team = team,
        .vocabulary_parallel = cuts,
        .batch = 1,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .seed = 3,
    };
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    for (int i = 0; i < CONTEXT; i++) {
        x[i] = token(i);
        labels[i] = token(i + 1);
    }
    ck_assert_msg(!sluice_decoder_create(pipe, &decoder, &why), "%s", why.text);
    check_positions(decoder);
    ck_assert(!sluice_pipeline_step(pipe, x, labels, 1, NULL, &why));
    sluice_decoder_rewind(decoder);
    check_positions(decoder);
    sluice_decoder_destroy(decoder);
    end();
}

START_TEST(parameters_that_lie_in_parts_are_put_together)
{
    check_parts(texts[0], 1, true);
    check_parts(texts[1], 1, true);
    check_parts(texts[2], 2, false);
}
END_TEST

START_TEST(a_step_changes_what_a_decoder_computes)
{
    sluice_decoder *decoder;
    int32_t x[CONTEXT], labels[CONTEXT];
    begin(texts[0], 2, NULL);
    ck_assert(!sluice_decoder_create(pipe, &decoder, &why));
    for (int i = 0; i < CONTEXT; i++) {
        x[i] = token(i);
        labels[i] = token(i + 1);
    }
    ck_assert(!sluice_pipeline_step(pipe, x, labels, 1, NULL, &why));
    check_positions(decoder);
    sluice_decoder_destroy(decoder);
    end();
}
END_TEST

START_TEST(a_sequence_ends_with_the_context_and_tokens_are_checked)
{
    sluice_decoder *decoder;
    float y[VOCABULARY];
    begin(texts[0], 1, NULL);
    ck_assert(!sluice_decoder_create(pipe, &decoder, &why));
    ck_assert_int_eq(sluice_decoder_next(decoder, VOCABULARY, y, &why),
                     SLUICE_INVALID);
    check_positions(decoder); /* the token that was refused left nothing */
    ck_assert_int_eq(sluice_decoder_next(decoder, 0, y, &why), SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "has 12 positions, as many as a row"), "%s",
                  why.text);
    sluice_decoder_destroy(decoder);
    sluice_decoder_destroy(NULL);
    end();
}
END_TEST

START_TEST(a_model_that_mixes_positions_is_refused_by_layer)
{
    static const char *const refused[][2] = {
        {"input(8); linear(3)", "needs a model of tokens"},
        {"input(12, int32); embedding(17, width=8); attention(2); head(17)",
         "layer 1 (attention) does not work position by position"},
        {"input(12, int32); embedding(17, width=8); linear(17)",
         "layer 1 (linear)"},
        {"input(12, int32); embedding(17, width=8); position_embedding; "
         "head(17)",
         "layer 1 (position_embedding)"},
        {"input(12, int32); embedding(17, width=8); "
         "sequence{head(17); concat{activate(relu); activate(tanh)}}",
         "layer 1 (sequence)"},
        {"input(12, int32); embedding(17, width=8); max_pool(2); head(17)",
         "layer 1 (max_pool)"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        static const sluice_sgd_config sgd = {.learning_rate = 0.1};
        sluice_decoder *decoder;
        ck_assert_msg(!sluice_model_parse(refused[i][0], NULL, &model, &why),
                      "%s", why.text);
        const sluice_pipeline_config config = {
            .schedule = {.devices = 1, .microbatches = 1},
            .batch = 1,
            .loss = sluice_cross_entropy(),
            .optimizer = sluice_sgd(),
            .optimizer_config = &sgd,
        };
        ck_assert(!sluice_pipeline_create(&config, model, &pipe, &why));
        ck_assert_int_eq(sluice_decoder_create(pipe, &decoder, &why),
                         SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, refused[i][1]), "%s", why.text);
        end();
    }
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    struct sl_test_allocator memory;
    sluice_decoder *decoder = NULL;
    sluice_status st = SLUICE_NO_MEMORY;
    long at = 0;
    sl_test_allocator_init(&memory);
    begin(texts[0], 1, &memory.hooks);
    long live = memory.n_live;
    while (st == SLUICE_NO_MEMORY && at++ < 1000) {
        sl_test_allocator_arm(&memory, at, false);
        st = sluice_decoder_create(pipe, &decoder, &why);
        ck_assert(!st || memory.n_live == live);
    }
    sl_test_allocator_arm(&memory, 0, false);
    ck_assert_int_eq(st, SLUICE_OK);
    ck_assert_int_gt(at, 10);
    check_positions(decoder);
    sluice_decoder_destroy(decoder);
    ck_assert_int_eq(memory.n_live, live);
    ck_assert_int_eq(memory.n_wrong, 0);
    end();
}
END_TEST

SLUICE_TEST_MAIN("pipeline.decoder", each_position_has_the_outputs_of_a_window,
                 a_rewind_takes_the_weights_of_an_asynchronous_schedule,
                 a_step_changes_what_a_decoder_computes,
                 parameters_that_lie_in_parts_are_put_together,
                 a_sequence_ends_with_the_context_and_tokens_are_checked,
                 a_model_that_mixes_positions_is_refused_by_layer,
                 every_allocation_may_fail)
