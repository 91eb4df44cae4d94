/*
 * GPT-2's proportions on timed cells: 12 blocks and a head of 5.45 of them, on
 * 4 devices, 16 micro-batches.  By the virtual clock the cut vocabulary has the
 * bubble of the formula, and is faster than the best contiguous cut.
 */
#include <stdio.h>
#include <string.h>

#include <sluice/across_layers.h>
#include <sluice/pipeline.h>
#include <sluice/schedule_formula.h>

#include "support/runner.h"
#include "support/cut/vocabulary.h"

enum {
    K = 4,
    M = 16,
    BLOCKS = 12,
    WIDTH = 4,
    VOCABULARY = 4,
    STEPS = 3,
    EVENTS = 4096,
    BLOCK_NS = 500 * 1000, /* of F, I and W each */
    HEAD_NS = BLOCK_NS * 545 / 100,
    SCORES_NS = 2 * HEAD_NS / K,
    STAGE_NS = BLOCKS / K * BLOCK_NS,
};

static sluice_model *make_model(void)
{
    sluice_model *model;
    const sluice_timed_config block = {BLOCK_NS, BLOCK_NS, BLOCK_NS, BLOCK_NS};
    const sluice_timed_head_config head = {VOCABULARY, HEAD_NS, HEAD_NS,
                                           HEAD_NS};
    ck_assert_int_eq(
        sluice_model_create(
            &(sluice_model_config){.input = sluice_shape_vector(WIDTH)}, &model,
            NULL),
        SLUICE_OK);
    for (int i = 0; i < BLOCKS; i++)
        ck_assert_int_eq(sluice_model_add(model, sluice_timed(), &block, NULL),
                         SLUICE_OK);
    ck_assert_int_eq(sluice_model_add(model, sluice_timed_head(), &head, NULL),
                     SLUICE_OK);
    return model;
}

/* The step with the shortest makespan, on the virtual clock. */
static sluice_time_share measure(const sluice_pipeline_config *config)
{
    static float x[M * WIDTH];
    static int32_t labels[M];
    static sluice_trace_event storage[EVENTS];
    const sluice_trace_event *events[K];
    sluice_time_share best = {0}, devices[K];
    sluice_model *model = make_model();
    sluice_pipeline *pipe;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_pipeline_create(config, model, &pipe, &why), "%s",
                  why.text);
    for (int i = 0; i < STEPS; i++) {
        sluice_trace trace, clock;
        sluice_time_share all;
        ck_assert_int_eq(sluice_pipeline_step(pipe, x, labels, M, NULL, NULL),
                         SLUICE_OK);
        ck_assert_int_eq(sluice_pipeline_trace(pipe, &trace, NULL), SLUICE_OK);
        sluice_trace_virtual(&trace, storage, events, &clock);
        sluice_trace_account(&clock, devices, &all);
        if (i == 0 || all.makespan_ns < best.makespan_ns)
            best = all;
    }
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    return best;
}

START_TEST(gpt2s_head_is_cut_at_the_formulas_bubble)
{
    const int64_t costs_ns[SLUICE_N_ACTION_KINDS] = {
        [SLUICE_F] = STAGE_NS,  [SLUICE_B] = 2 * STAGE_NS,
        [SLUICE_I] = STAGE_NS,  [SLUICE_W] = STAGE_NS,
        [SLUICE_S] = SCORES_NS, [SLUICE_T] = HEAD_NS / K,
    };
    const sluice_sgd_config sgd = {.learning_rate = 0.01};
    sluice_schedule *cut = sl_test_vocabulary(
        "1f1b", K, M, &(sluice_vocabulary_config){.costs_ns = costs_ns});
    sluice_pipeline_config config = {
        .custom = cut,
        .cut = SLUICE_CUT_LIST,
        .partition = (const int[]){3, 3, 3, 3},
        .batch = M,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .spin_ns = 1000 * 1000 * 1000,
        .trace = true,
    };
    const sluice_schedule_config plain = {
        .name = "1f1b", .devices = K, .microbatches = M};
    double idle = sluice_schedule_idle(
        &plain, &(sluice_device_costs){STAGE_NS, STAGE_NS, STAGE_NS});
    double busy = (double)M * (3.0 * STAGE_NS + SCORES_NS + HEAD_NS / K);
    double formula = idle / (idle + busy);
    sluice_time_share parts = measure(&config);
    config.custom = NULL;
    config.schedule = plain;
    config.partition = (const int[]){4, 4, 4, 1};
    sluice_time_share whole = measure(&config);
    double faster = (double)whole.makespan_ns / (double)parts.makespan_ns;
    printf("bubble %.2f %%, formula %.2f %%; contiguous %.2f %%, %.3f x\n",
           100 * parts.bubble, 100 * formula, 100 * whole.bubble, faster);
    ck_assert_double_eq_tol(100 * parts.bubble, 100 * formula, 0.3);
    ck_assert_double_ge(faster, 1.2);
    sluice_schedule_destroy(cut);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.vocabulary_time",
                 gpt2s_head_is_cut_at_the_formulas_bubble)
