/* Cuts by cost: the slowest device is as fast as any cut can make it. */
#include <sluice/sluice.h>

#include "support/runner.h"

enum { LAYERS = 6, DEVICES = 4 };

static sluice_model *model;

static void set_up(const char *text)
{
    ck_assert_int_eq(sluice_model_parse(text, NULL, &model, NULL), SLUICE_OK);
    ck_assert_int_eq(sluice_model_n_layers(model), LAYERS);
}

/* The sizes of the parts that a pipeline of K devices is cut into. */
static void cut(sluice_cut by, int devices, int sizes[DEVICES])
{
    sluice_pipeline *pipe;
    sluice_sgd_config sgd = {.learning_rate = 0.1};
    sluice_pipeline_config config = {
        .devices = devices,
        .batch = 8,
        .cut = by,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    sluice_diag why = {0};
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    int next = 0;
    for (int d = 0; d < devices; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        ck_assert_int_eq(info.first_layer, next);
        sizes[d] = info.n_layers;
        next += info.n_layers;
    }
    ck_assert_int_eq(next, LAYERS);
    sluice_pipeline_destroy(pipe);
}

/* Operations per row that a step makes in a layer: the first one's gradient of
 * the data is not among them. */
static int64_t flops_of(int layer)
{
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, layer);
    return plan->forward_row_flops + plan->weight_row_flops +
           (layer > 0 ? plan->input_row_flops : 0);
}

static int64_t slowest(const int *sizes, int devices)
{
    int64_t most = 0;
    for (int d = 0, layer = 0; d < devices; d++) {
        int64_t sum = 0;
        for (int i = 0; i < sizes[d]; i++)
            sum += flops_of(layer++);
        most = sum > most ? sum : most;
    }
    return most;
}

/* The least slowest() of all cuts; `sizes` up to `d` are chosen. */
static int64_t least_slowest(int sizes[DEVICES], int d, int devices, int left)
{
    if (d == devices - 1) {
        sizes[d] = left;
        return slowest(sizes, devices);
    }
    int64_t least = INT64_MAX;
    for (sizes[d] = 1; sizes[d] <= left - (devices - 1 - d); sizes[d]++) {
        int64_t ns = least_slowest(sizes, d + 1, devices, left - sizes[d]);
        least = ns < least ? ns : least;
    }
    return least;
}

START_TEST(a_cut_by_operations_is_the_best_of_all_cuts)
{
    static const char *const models[] = {"1000-300x5-10", "10-300x5-1000",
                                         "64-8-64-8-64-8-64",
                                         "700-600-500-400-300-200-100"};
    for (int i = 0; i < 4; i++) {
        set_up(models[i]);
        for (int devices = 1; devices <= DEVICES; devices++) {
            int sizes[DEVICES], tried[DEVICES];
            cut(SLUICE_CUT_FLOPS, devices, sizes);
            ck_assert_int_eq(slowest(sizes, devices),
                             least_slowest(tried, 0, devices, LAYERS));
        }
        sluice_model_destroy(model);
    }
}
END_TEST

START_TEST(the_first_layer_costs_no_gradient_of_the_data)
{
    int sizes[DEVICES];
    set_up("1000-300x5-10");
    cut(SLUICE_CUT_FLOPS, 2, sizes);
    ck_assert_int_eq(sizes[0], 2); /* 1, if it did */
    ck_assert_int_eq(sizes[1], 4);
    sluice_model_destroy(model);
}
END_TEST

/* Weights and what is kept of them, on the device that has most. */
static size_t most_kept(const char *schedule, int states, sluice_cut by,
                        const int *sizes, int *got)
{
    sluice_memory_plan plans[DEVICES];
    sluice_diag why = {0};
    const sluice_sgd_config sgd = {.learning_rate = 0.1,
                                   .momentum = states ? 0.9 : 0};
    sluice_pipeline_config config = {
        .devices = DEVICES,
        .microbatches = 8,
        .batch = 8,
        .schedule = schedule,
        .cut = by,
        .partition = sizes,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    sluice_pipeline *pipe;
    ck_assert_msg(!sluice_pipeline_plan(model, &config, plans, &why), "%s",
                  why.text);
    ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
    size_t most = 0;
    for (int d = 0; d < DEVICES; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        got[d] = info.n_layers;
        size_t kept = plans[d].parameters + plans[d].gradients +
                      plans[d].optimizer + plans[d].versions;
        most = kept > most ? kept : most;
    }
    sluice_pipeline_destroy(pipe);
    return most;
}

/* 18 equal layers.  Device r of pipedream's 4 keeps 4 - r versions, beside
 * gradients, momentum, and a backup of both: layers x 8, 7, 6, 5. */
START_TEST(a_cut_by_bytes_counts_versions_of_weights)
{
    int got[DEVICES];
    ck_assert(!sluice_model_parse("48-48x18", NULL, &model, NULL));
    size_t even = most_kept("pipedream", 1, SLUICE_CUT_UNIFORM, NULL, got);
    size_t most = most_kept("pipedream", 1, SLUICE_CUT_BYTES, NULL, got);
    ck_assert_mem_eq(got, ((int[]){3, 4, 5, 6}), sizeof got);
    ck_assert_uint_lt(most, even);
    /* No cut keeps less. */
    int sizes[DEVICES], ignored[DEVICES];
    for (sizes[0] = 1; sizes[0] <= 15; sizes[0]++)
        for (sizes[1] = 1; sizes[0] + sizes[1] <= 16; sizes[1]++)
            for (sizes[2] = 1; sizes[0] + sizes[1] + sizes[2] <= 17;
                 sizes[2]++) {
                sizes[3] = 18 - sizes[0] - sizes[1] - sizes[2];
                ck_assert_uint_le(
                    most,
                    most_kept("pipedream", 1, SLUICE_CUT_LIST, sizes, ignored));
            }
    /* As many versions on all devices, or none: an even cut. */
    most_kept("pipedream-2bw", 0, SLUICE_CUT_BYTES, NULL, got);
    ck_assert_mem_eq(got, ((int[]){5, 5, 5, 3}), sizeof got);
    most_kept("1f1b", 0, SLUICE_CUT_BYTES, NULL, got);
    ck_assert_mem_eq(got, ((int[]){5, 5, 5, 3}), sizeof got);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.cut", a_cut_by_operations_is_the_best_of_all_cuts,
                 the_first_layer_costs_no_gradient_of_the_data,
                 a_cut_by_bytes_counts_versions_of_weights)
