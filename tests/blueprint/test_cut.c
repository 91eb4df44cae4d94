/* Cuts by cost: the slowest device is as fast as any cut can make it. */
#include <time.h>

#include <sluice/sluice.h>

#include "support/grid.h"
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
        .schedule.devices = devices,
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

static const sluice_sgd_config with_momentum = {.learning_rate = 0.1,
                                                .momentum = 0.9};

static sluice_pipeline_config config_of(const char *schedule, sluice_cut by)
{
    return (sluice_pipeline_config){
        .schedule = {.devices = DEVICES, .microbatches = 8, .name = schedule},
        .batch = 8,
        .gemm = "openblas", /* no packed copies, on any machine */
        .cut = by,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &with_momentum,
    };
}

/* Weights and what is kept of them, on the device that has most. */
static size_t most_kept(const sluice_pipeline_config *config)
{
    sluice_memory_plan plans[DEVICES];
    sluice_diag why = {0};
    size_t most = 0;
    ck_assert_msg(!sluice_pipeline_plan(model, config, plans, &why), "%s",
                  why.text);
    for (int d = 0; d < DEVICES; d++) {
        size_t kept = plans[d].parameters + plans[d].gradients +
                      plans[d].optimizer + plans[d].versions;
        most = kept > most ? kept : most;
    }
    return most;
}

static void assert_layers(const sluice_pipeline_config *config,
                          const int want[DEVICES])
{
    sluice_pipeline *pipe;
    ck_assert(!sluice_pipeline_create(config, model, &pipe, NULL));
    for (int d = 0; d < DEVICES; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        ck_assert_int_eq(info.n_layers, want[d]);
    }
    sluice_pipeline_destroy(pipe);
}

/* 18 equal layers.  Device r of pipedream's 4 keeps 4 - r versions, beside
 * gradients, momentum, and a backup of both: layers x 8, 7, 6, 5. */
START_TEST(a_cut_by_bytes_counts_versions_of_weights)
{
    sluice_pipeline_config config = config_of("pipedream", SLUICE_CUT_BYTES);
    sluice_pipeline_config any = config_of("pipedream", SLUICE_CUT_LIST);
    ck_assert(!sluice_model_parse("48-48x18", NULL, &model, NULL));
    assert_layers(&config, (const int[]){3, 4, 5, 6});
    size_t most = most_kept(&config);
    /* No cut keeps less; an even one keeps more. */
    int s[DEVICES] = {5, 5, 4, 4};
    any.partition = s;
    ck_assert_uint_lt(most, most_kept(&any));
    for (s[0] = 1; s[0] <= 15; s[0]++)
        for (s[1] = 1; s[0] + s[1] <= 16; s[1]++)
            for (s[2] = 1; s[0] + s[1] + s[2] <= 17; s[2]++) {
                s[3] = 18 - s[0] - s[1] - s[2];
                if (!sl_test_skips())
                    ck_assert_uint_le(most, most_kept(&any));
            }
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_cut_by_bytes_is_even_where_all_keep_as_many_versions)
{
    static const char *const names[] = {"pipedream-2bw", "1f1b"};
    ck_assert(!sluice_model_parse("48-48x18", NULL, &model, NULL));
    for (int i = 0; i < 2; i++) {
        sluice_pipeline_config config = config_of(names[i], SLUICE_CUT_BYTES);
        assert_layers(&config, (const int[]){5, 5, 5, 3});
    }
    sluice_model_destroy(model);
}
END_TEST

static void assert_two(const char *text, int first, int second)
{
    sluice_pipeline_config config = config_of("1f1b", SLUICE_CUT_BYTES);
    sluice_pipeline *pipe;
    sluice_diag why = {.text = ""};
    const int want[2] = {first, second};
    config.schedule.devices = 2;
    ck_assert(!sluice_model_parse(text, NULL, &model, NULL));
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    for (int d = 0; d < 2; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        ck_assert_msg(info.n_layers == want[d], "%s: %d on device %d", text,
                      info.n_layers, d);
    }
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

/* Six equal activations.  Between stash and pop each half has a fourth one on
 * its way; four and two have none. */
START_TEST(a_cut_by_bytes_counts_skip_connections_between_stages)
{
    assert_two("input(512); activate(relu) x6", 3, 3);
    assert_two("input(512); activate(relu) x2; stash(a); pop(a); "
               "activate(relu) x2",
               4, 2);
}
END_TEST

/* Of six equal weights, three are one tensor: with gradients and momentum they
 * are 3, 1, 1, 3, 3, 3 on a stage. */
START_TEST(a_cut_by_bytes_counts_a_tied_tensor_once_in_a_stage)
{
    assert_two("input(256); linear(256, no-bias) x6", 3, 3);
    assert_two("input(256); linear(256, no-bias) x6; tie(1.weight, 0.weight); "
               "tie(2.weight, 0.weight)",
               4, 2);
}
END_TEST

/* malloc, and the largest block that was asked for. */
static void *allocate_noting(void *context, size_t bytes, size_t align)
{
    size_t *largest = context;
    if (bytes > *largest)
        *largest = bytes;
    return aligned_alloc(align, bytes);
}

static void release(void *context, void *block, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(block);
}

/* Create a pipeline cut by time under a cap; nothing larger is ever taken. */
static sluice_status create_capped(const char *text, int64_t batch, size_t cap,
                                   sluice_diag *why)
{
    size_t largest = 0;
    const sluice_allocator noting = {allocate_noting, release, &largest};
    sluice_pipeline *pipe = NULL;
    sluice_sgd_config sgd = {.learning_rate = 0.1};
    sluice_pipeline_config config = {
        .schedule.devices = 2,
        .batch = batch,
        .cut = SLUICE_CUT_TIME,
        .device_cap_bytes = cap,
        .gemm = "openblas", /* no packed copies, on any machine */
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .allocator = &noting,
    };
    ck_assert(!sluice_model_parse(text, NULL, &model, NULL));
    sluice_status st = sluice_pipeline_create(&config, model, &pipe, why);
    sluice_pipeline_destroy(pipe);
    ck_assert_msg(largest <= cap, "%s: a block of %zu bytes", text, largest);
    /* A plan is there to tell what cap it takes. */
    sluice_memory_plan plans[2];
    ck_assert(!sluice_pipeline_plan(model, &config, plans, NULL));
    sluice_model_destroy(model);
    return st;
}

START_TEST(what_cannot_fit_is_refused_before_it_is_measured)
{
    sluice_diag why = {0};
    ck_assert_int_eq(create_capped("64-400-400", 8, 1 << 20, &why),
                     SLUICE_OVER_CAP);
    /* 400 x 400 weights and 400 biases, and as many gradients. */
    ck_assert_msg(strstr(why.text, "layer 1 (linear) needs at least 1283200"),
                  "%s", why.text);
    ck_assert_int_eq(create_capped("128-128x11-128", 8, 256 << 10, &why),
                     SLUICE_OVER_CAP);
    ck_assert_msg(strstr(why.text, "the model needs at least"), "%s", why.text);
}
END_TEST

/* A layer that no device could hold alone. */
START_TEST(a_team_has_the_caps_of_its_devices_together)
{
    const sluice_sgd_config sgd = {.learning_rate = 0.1};
    sluice_model *layers;
    sluice_pipeline *pipe = NULL;
    sluice_diag why = {.text = ""};
    sluice_pipeline_config config = {
        .schedule = {.devices = 2, .microbatches = 1},
        .team = 2,
        .batch = 8,
        .cut = SLUICE_CUT_TIME,
        .device_cap_bytes = 1200000,
        .gemm = "plain",
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    ck_assert(!sluice_model_parse("64-400-400", NULL, &layers, NULL));
    ck_assert_msg(!sluice_pipeline_create(&config, layers, &pipe, &why), "%s",
                  why.text);
    sluice_pipeline_destroy(pipe);
    config.team = 1;
    ck_assert_int_eq(sluice_pipeline_create(&config, layers, &pipe, &why),
                     SLUICE_OVER_CAP);
    sluice_model_destroy(layers);
}
END_TEST

START_TEST(a_layer_is_measured_with_the_rows_that_a_cap_allows)
{
    sluice_diag why = {0};
    ck_assert_int_eq(create_capped("8-8-8", 65536, 64 << 10, &why),
                     SLUICE_OVER_CAP);
    ck_assert_int_eq(why.device, 0);
    ck_assert_int_eq(create_capped("8-8-8", 64, 64 << 10, &why), SLUICE_OK);
}
END_TEST

START_TEST(a_layer_of_which_no_row_can_be_measured_is_refused)
{
    sluice_diag why = {0};
    ck_assert_int_eq(create_capped("20000-1-1", 8, 240 << 10, &why),
                     SLUICE_OVER_CAP);
    ck_assert_msg(strstr(why.text, "to measure one row of layer 0 (linear)"),
                  "%s", why.text);
}
END_TEST

static sluice_status keep_shape(const void *config, sluice_layer_plan *plan,
                                sluice_diag *why)
{
    (void)config;
    (void)why;
    plan->out = plan->in;
    return SLUICE_OK;
}

static sluice_status fail_silently(const sluice_layer_call *call)
{
    (void)call;
    return SLUICE_IO;
}

static sluice_status fail_aloud(const sluice_layer_call *call)
{
    return sluice_diag_set(call->why, SLUICE_IO, "the disk is gone");
}

START_TEST(a_layer_that_fails_while_it_is_measured_is_named)
{
    sluice_sgd_config sgd = {.learning_rate = 0.1};
    const sluice_model_config input = {.input = sluice_shape_vector(2)};
    const sluice_pipeline_config config = {
        .batch = 4,
        .cut = SLUICE_CUT_TIME,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    for (int aloud = 0; aloud < 2; aloud++) {
        const sluice_layer_ops failing = {
            .name = "failing",
            .infer = keep_shape,
            .forward = aloud ? fail_aloud : fail_silently,
            .backward_input = fail_silently,
        };
        sluice_diag why = {.text = ""};
        sluice_pipeline *pipe = NULL;
        ck_assert(!sluice_model_create(&input, &model, NULL));
        ck_assert(!sluice_model_add(model, &failing, NULL, NULL));
        ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                         SLUICE_IO);
        ck_assert_int_eq(why.status, SLUICE_IO);
        ck_assert_str_eq(why.text,
                         aloud ? "the disk is gone"
                               : "layer 0 (failing) returned SLUICE_IO while "
                                 "its time was measured");
        sluice_model_destroy(model);
    }
}
END_TEST

/* Four layers of which the first has nearly all parameters. */
static sluice_status keep_most(const void *config, sluice_layer_plan *plan,
                               sluice_diag *why)
{
    (void)why;
    plan->out = plan->in;
    plan->n_params = 1;
    plan->params[0] = (sluice_param_spec){
        .name = "weight",
        .shape = sluice_shape_vector(*(const int64_t *)config),
    };
    return SLUICE_OK;
}

static sluice_status do_nothing(const sluice_layer_call *call)
{
    (void)call;
    return SLUICE_OK;
}

static sluice_status no_states(const void *config, int *n_states,
                               double *learning_rate, sluice_diag *why)
{
    (void)config;
    (void)why;
    *n_states = 0;
    *learning_rate = 0.1;
    return SLUICE_OK;
}

/* Longer than four layers that do nothing, by far. */
static void update_slowly(const sluice_optimizer_call *call)
{
    (void)call;
    nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
}

START_TEST(a_cut_by_time_counts_the_update)
{
    static const sluice_layer_ops layer = {
        .name = "parameters",
        .config_bytes = sizeof(int64_t),
        .infer = keep_most,
        .forward = do_nothing,
        .backward_input = do_nothing,
        .backward_weight = do_nothing,
    };
    static const sluice_optimizer_ops slow = {
        .name = "slow",
        .infer = no_states,
        .apply = update_slowly,
    };
    const sluice_model_config input = {.input = sluice_shape_vector(2)};
    const sluice_pipeline_config config = {
        .schedule = {.devices = 2, .microbatches = 2},
        .batch = 4,
        .cut = SLUICE_CUT_TIME,
        .loss = sluice_mean_squared_error(),
        .optimizer = &slow,
    };
    sluice_pipeline *pipe;
    sluice_device_info first;
    ck_assert(!sluice_model_create(&input, &model, NULL));
    for (int i = 0; i < 4; i++)
        ck_assert(!sluice_model_add(model, &layer,
                                    &(int64_t){i == 0 ? 3000 : 1000}, NULL));
    ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
    sluice_pipeline_device(pipe, 0, &first);
    ck_assert_int_eq(first.n_layers, 1);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("blueprint.cut", a_cut_by_time_counts_the_update,
                 a_cut_by_operations_is_the_best_of_all_cuts,
                 the_first_layer_costs_no_gradient_of_the_data,
                 a_cut_by_bytes_counts_versions_of_weights,
                 a_cut_by_bytes_is_even_where_all_keep_as_many_versions,
                 a_cut_by_bytes_counts_skip_connections_between_stages,
                 a_cut_by_bytes_counts_a_tied_tensor_once_in_a_stage,
                 what_cannot_fit_is_refused_before_it_is_measured,
                 a_team_has_the_caps_of_its_devices_together,
                 a_layer_is_measured_with_the_rows_that_a_cap_allows,
                 a_layer_of_which_no_row_can_be_measured_is_refused,
                 a_layer_that_fails_while_it_is_measured_is_named)
