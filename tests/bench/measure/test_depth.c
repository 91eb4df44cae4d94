/* The deepest network under a cap: is it exact, and do three devices stand for
 * many? */
#include "bench/measure/depth.h"

#include "support/runner.h"

#include "bench/measure/measure_config.h"

enum { ROWS = 64, CAP = 40000 };

static const struct depth_layer linear = {.width = 16};

static sluice_pipeline_config gpipe(int devices, int microbatches)
{
    sluice_pipeline_config config =
        plain_pipeline_config(devices, microbatches, ROWS);
    config.remat = SLUICE_REMAT_ALWAYS;
    config.gemm = "openblas"; /* no packed copies, on any machine */
    return config;
}

/* What the whole pipeline needs. */
static size_t whole_peak(sluice_pipeline_config config, const int *sizes)
{
    int layers = 0;
    for (int d = 0; d < config.schedule.devices; d++)
        layers += sizes[d];
    sluice_model *model;
    ck_assert_int_eq(depth_model(&linear, layers, &model, NULL), SLUICE_OK);
    config.cut = SLUICE_CUT_LIST;
    config.partition = sizes;
    size_t bytes = 0;
    ck_assert_int_eq(depth_peak(&config, model, &bytes, NULL), SLUICE_OK);
    sluice_model_destroy(model);
    return bytes;
}

static void set_sizes(const struct depth *depth, int devices, int *sizes)
{
    for (int d = 0; d < devices; d++)
        sizes[d] = depth->inner;
    sizes[devices - 1] = depth->last;
    sizes[0] = depth->first;
}

START_TEST(three_devices_stand_for_any_number)
{
    const struct depth depths[] = {{1, 1, 1}, {3, 2, 1}, {1, 4, 1}, {1, 1, 5}};
    for (int k = 3; k <= SLUICE_MAX_DEVICES; k = 2 * k - 1)
        for (int m = 1; m <= ROWS; m *= 4)
            for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
                int sizes[SLUICE_MAX_DEVICES];
                size_t bytes = 0;
                sluice_pipeline_config config = gpipe(k, m);
                set_sizes(&depths[i], k, sizes);
                ck_assert_int_eq(depth_peak_by_position(&config, &linear,
                                                        &depths[i], &bytes,
                                                        NULL),
                                 SLUICE_OK);
                ck_assert_uint_eq(bytes, whole_peak(config, sizes));
            }
}
END_TEST

START_TEST(best_depth_fits_and_one_layer_more_anywhere_does_not)
{
    for (int k = 1; k <= 8; k++) {
        int sizes[SLUICE_MAX_DEVICES];
        struct depth best;
        sluice_pipeline_config config = gpipe(k, 4);
        ck_assert_int_eq(depth_best(&config, &linear, CAP, &best, NULL),
                         SLUICE_OK);
        set_sizes(&best, k, sizes);
        ck_assert_uint_le(whole_peak(config, sizes), CAP);
        for (int d = 0; d < k; d++) {
            sizes[d]++;
            ck_assert_uint_gt(whole_peak(config, sizes), CAP);
            sizes[d]--;
        }
    }
}
END_TEST

/* With the uniform cut. */
static size_t uniform_peak(const sluice_pipeline_config *config, int layers)
{
    sluice_model *model;
    size_t bytes = 0;
    ck_assert_int_eq(depth_model(&linear, layers, &model, NULL), SLUICE_OK);
    ck_assert_int_eq(depth_peak(config, model, &bytes, NULL), SLUICE_OK);
    sluice_model_destroy(model);
    return bytes;
}

START_TEST(search_finds_the_last_depth_that_fits)
{
    for (int k = 1; k <= 5; k++) {
        int layers = 0;
        sluice_pipeline_config config = gpipe(k, 4);
        ck_assert_int_eq(depth_search(&config, &linear, CAP, &layers, NULL),
                         SLUICE_OK);
        ck_assert_int_ge(layers, k);
        ck_assert_uint_le(uniform_peak(&config, layers), CAP);
        ck_assert_uint_gt(uniform_peak(&config, layers + 1), CAP);
    }
}
END_TEST

START_TEST(a_cap_below_one_layer_gives_no_depth)
{
    int layers = -1;
    struct depth best = {1, 1, 1};
    sluice_pipeline_config config = gpipe(4, 4);
    ck_assert_int_eq(depth_search(&config, &linear, 64, &layers, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(layers, 0);
    ck_assert_int_eq(depth_best(&config, &linear, 64, &best, NULL), SLUICE_OK);
    ck_assert_int_eq(depth_layers(&best, 4), 0);
}
END_TEST

/* GPipe's claim for blocks of a Transformer: each further device holds as many,
 * to one. */
START_TEST(blocks_of_a_transformer_grow_linearly_with_the_devices)
{
    const struct depth_layer block = {.width = 8, .positions = 64, .heads = 2};
    int layers[5];
    for (int k = 1; k <= 16; k *= 2) {
        struct depth best;
        sluice_pipeline_config config = gpipe(k, 4);
        config.batch = 8;
        ck_assert_int_eq(depth_best(&config, &block, 600000, &best, NULL),
                         SLUICE_OK);
        layers[k == 1   ? 0
               : k == 2 ? 1
               : k == 4 ? 2
               : k == 8 ? 3
                        : 4] = depth_layers(&best, k);
    }
    int each = (layers[2] - layers[1]) / 2;
    ck_assert_int_ge(layers[0], 3);
    ck_assert_int_ge(each, 3);
    ck_assert_int_le(abs(layers[3] - layers[2] - 4 * each), 1);
    ck_assert_int_le(abs(layers[4] - layers[3] - 8 * each), 1);
}
END_TEST

START_TEST(a_batch_that_cannot_be_cut_is_refused)
{
    int layers;
    struct depth best;
    sluice_pipeline_config config = gpipe(2, 7);
    ck_assert_int_eq(depth_search(&config, &linear, CAP, &layers, NULL),
                     SLUICE_INVALID);
    ck_assert_int_eq(depth_best(&config, &linear, CAP, &best, NULL),
                     SLUICE_INVALID);
}
END_TEST

/* With chunks: two layers for two devices would not do. */
START_TEST(the_shallowest_network_has_a_layer_for_each_stage)
{
    sluice_pipeline_config config = gpipe(2, 4);
    int layers = -1;
    config.schedule.name = "interleaved-1f1b";
    config.schedule.chunks = 2;
    ck_assert_int_eq(depth_search(&config, &linear, 1, &layers, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(layers, 0);
    ck_assert_int_eq(depth_search(&config, &linear, 1 << 20, &layers, NULL),
                     SLUICE_OK);
    ck_assert_int_gt(layers, 4);
}
END_TEST

SLUICE_TEST_MAIN("bench.depth", three_devices_stand_for_any_number,
                 best_depth_fits_and_one_layer_more_anywhere_does_not,
                 search_finds_the_last_depth_that_fits,
                 a_cap_below_one_layer_gives_no_depth,
                 the_shallowest_network_has_a_layer_for_each_stage,
                 blocks_of_a_transformer_grow_linearly_with_the_devices,
                 a_batch_that_cannot_be_cut_is_refused)
