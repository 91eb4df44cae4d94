/*
 * Where a pipeline puts the S and T of a cut vocabulary: by what the layers of
 * its model take.
 */
#include <sluice/sluice.h>

#include <string.h>

#include "blueprint/make_schedule.h"
#include "support/runner.h"

enum { K = 4, M = 8, ROWS = 8 };

/* A head that takes 40 times as long as a stage. */
static const char timed[] =
    "input(4); timed(forward-ns=50000, input-ns=50000, weight-ns=50000) x4;"
    "timed_head(8, forward-ns=8000000, input-ns=8000000, weight-ns=8000000)";

static sluice_pipeline_config config_of(sluice_cut by)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    return (sluice_pipeline_config){
        .schedule = {.name = "1f1b", .devices = K, .microbatches = M},
        .vocabulary_parallel = true,
        .batch = ROWS,
        .cut = by,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
}

/* A pipeline of the model. */
static sluice_pipeline *create(const char *text, sluice_cut by,
                               sluice_model **model)
{
    sluice_pipeline *pipe;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_model_parse(text, NULL, model, &why), "%s", why.text);
    const sluice_pipeline_config config = config_of(by);
    ck_assert_msg(!sluice_pipeline_create(&config, *model, &pipe, &why), "%s",
                  why.text);
    return pipe;
}

/* What the pass makes of 1F1B with such costs; NULL: those of its own. */
static sluice_schedule *place(const int64_t *costs_ns)
{
    sluice_schedule *plain, *cut;
    ck_assert(!sluice_schedule_generate(
        &(sluice_schedule_config){
            .name = "1f1b", .devices = K, .microbatches = M},
        &plain, NULL));
    ck_assert(!sluice_schedule_vocabulary(
        plain, &(sluice_vocabulary_config){.costs_ns = costs_ns}, &cut, NULL));
    sluice_schedule_destroy(plain);
    return cut;
}

static bool same(const sluice_schedule *a, const sluice_schedule *b)
{
    for (int d = 0; d < K; d++) {
        int n, other;
        const sluice_action *of_a = sluice_schedule_actions(a, d, &n);
        const sluice_action *of_b = sluice_schedule_actions(b, d, &other);
        if (n != other)
            return false;
        for (int i = 0; i < n; i++)
            if (of_a[i].kind != of_b[i].kind ||
                of_a[i].stage != of_b[i].stage ||
                of_a[i].microbatch != of_b[i].microbatch)
                return false;
    }
    return true;
}

/* A layer is a stage, and a device has a fourth of the head. */
static void count(const sluice_model *model, int64_t *costs_ns)
{
    const sluice_layer_plan *layer = sluice_model_layer_plan(model, 0);
    const sluice_layer_plan *head = sluice_model_layer_plan(model, K);
    costs_ns[SLUICE_F] = K * layer->forward_row_flops;
    costs_ns[SLUICE_I] = K * layer->input_row_flops;
    costs_ns[SLUICE_W] = K * layer->weight_row_flops;
    costs_ns[SLUICE_B] = costs_ns[SLUICE_I] + costs_ns[SLUICE_W];
    costs_ns[SLUICE_S] = head->forward_row_flops + head->input_row_flops;
    costs_ns[SLUICE_T] = head->weight_row_flops;
}

START_TEST(by_the_operations_of_the_layers)
{
    int64_t costs_ns[SLUICE_N_ACTION_KINDS] = {0};
    sluice_model *model;
    sluice_pipeline *pipe =
        create("input(8); linear(8) x4; head(96)", SLUICE_CUT_UNIFORM, &model);
    count(model, costs_ns);
    sluice_schedule *want = place(costs_ns), *plain = place(NULL);
    ck_assert(!same(want, plain));
    ck_assert(same(sluice_pipeline_schedule(pipe), want));
    sluice_schedule_destroy(plain);
    sluice_schedule_destroy(want);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

/* Timed layers have no operations: only measuring tells that a device's part of
 * the head takes 40 times as long as a stage.  1F1B on four devices has one
 * order if T takes more than 0.36 of F, and another if it takes less, as by
 * default: no measurement can be so wrong that it matters. */
START_TEST(by_measured_times_where_the_model_is_cut_by_time)
{
    int64_t costs_ns[SLUICE_N_ACTION_KINDS] = {0};
    sluice_model *model;
    sluice_pipeline *pipe = create(timed, SLUICE_CUT_TIME, &model);
    costs_ns[SLUICE_F] = costs_ns[SLUICE_I] = costs_ns[SLUICE_W] = 1000;
    costs_ns[SLUICE_B] = 2000;
    sluice_schedule *want[2];
    for (int i = 0; i < 2; i++) {
        costs_ns[SLUICE_T] = i ? 1000000 : 1000;
        costs_ns[SLUICE_S] = 2 * costs_ns[SLUICE_T];
        want[i] = place(costs_ns);
    }
    sluice_schedule *plain = place(NULL);
    ck_assert(same(want[0], want[1]) && !same(want[0], plain));
    ck_assert(same(sluice_pipeline_schedule(pipe), want[0]));
    for (int i = 0; i < 2; i++)
        sluice_schedule_destroy(want[i]);
    sluice_schedule_destroy(plain);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

/* Another process has measured a head that takes a tenth of a stage. */
static sluice_status share(void *context, sluice_status st, void *buffer,
                           size_t bytes, sluice_diag *why)
{
    (void)why;
    memcpy(buffer, context, bytes);
    return st;
}

START_TEST(by_the_times_of_the_first_process_where_there_are_several)
{
    int64_t costs_ns[SLUICE_N_ACTION_KINDS] = {0};
    const struct sl_grid grid = {1, K, 1, K, 1, K, M};
    const struct sl_world_view view = {1, 2, share, costs_ns};
    const sluice_pipeline_config config = config_of(SLUICE_CUT_TIME);
    sluice_model *model;
    sluice_schedule *made, *alone;
    costs_ns[SLUICE_F] = costs_ns[SLUICE_I] = costs_ns[SLUICE_W] = 1000;
    costs_ns[SLUICE_B] = 2000;
    costs_ns[SLUICE_T] = 100;
    costs_ns[SLUICE_S] = 200;
    ck_assert(!sluice_model_parse(timed, NULL, &model, NULL));
    ck_assert(!sl_make_schedule(&config, model, &grid, &view, 2, &made, NULL));
    ck_assert(!sl_make_schedule(&config, model, &grid, NULL, 2, &alone, NULL));
    sluice_schedule *want = place(costs_ns);
    ck_assert(same(made, want) && !same(alone, want));
    sluice_schedule_destroy(want);
    sluice_schedule_destroy(alone);
    sluice_schedule_destroy(made);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("blueprint.cut_costs", by_the_operations_of_the_layers,
                 by_measured_times_where_the_model_is_cut_by_time,
                 by_the_times_of_the_first_process_where_there_are_several)
