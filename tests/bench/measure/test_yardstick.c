/* The check that a benchmark makes of itself: does it see a wrong bit? */
#include "bench/measure/measurement.h"

#include "support/runner.h"

#include <sluice/model.h>

static const struct order_options order = ORDER_DEFAULTS;

struct bench {
    struct workload work;
    struct measure_config how;
    struct yardstick *yardstick;
    sluice_pipeline *pipe;
};

/* A yardstick of three steps, and a pipeline that has made them from `seed`. */
static void setup(struct bench *b, uint64_t seed)
{
    sluice_result result;
    ck_assert_int_eq(workload_parse(&b->work, "8-8x3-4", 16, 1, NULL),
                     SLUICE_OK);
    b->how = (struct measure_config){
        .work = &b->work,
        .order = &order,
        .devices = 2,
        .microbatches = 4,
        .warmup = 1,
        .repetitions = 2,
        .seed = 1,
    };
    ck_assert_int_eq(yardstick_create(&b->how, &b->yardstick, NULL), SLUICE_OK);
    sluice_pipeline_config config = measure_pipeline_config(&b->how);
    config.seed = seed;
    ck_assert_int_eq(
        sluice_pipeline_create(&config, b->work.model, &b->pipe, NULL),
        SLUICE_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(sluice_pipeline_step(b->pipe, b->work.x,
                                              b->work.targets, b->work.rows,
                                              &result, NULL),
                         SLUICE_OK);
}

static void teardown(struct bench *b)
{
    sluice_pipeline_destroy(b->pipe);
    yardstick_destroy(b->yardstick);
    workload_fini(&b->work);
}

static int64_t wrong(const struct bench *b)
{
    int64_t n = -1;
    ck_assert_int_eq(
        yardstick_compare(b->yardstick, &b->how, b->pipe, &n, NULL), SLUICE_OK);
    return n;
}

START_TEST(the_same_steps_are_right)
{
    struct bench b;
    setup(&b, 1);
    ck_assert_int_eq(wrong(&b), 0);
    teardown(&b);
}
END_TEST

START_TEST(other_parameters_are_all_wrong)
{
    struct bench b;
    setup(&b, 2);
    ck_assert_int_gt(wrong(&b), sluice_model_n_parameters(b.work.model) / 2);
    teardown(&b);
}
END_TEST

START_TEST(one_wrong_bit_is_one_wrong_element)
{
    struct bench b;
    union {
        float values[4];
        uint32_t bits[4];
    } bias;
    setup(&b, 1);
    sluice_pipeline_get_parameter(b.pipe, "3.bias", bias.values, 4, NULL);
    bias.bits[2] ^= 1;
    sluice_pipeline_set_parameter(b.pipe, "3.bias", bias.values, 4, NULL);
    ck_assert_int_eq(wrong(&b), 1);
    teardown(&b);
}
END_TEST

START_TEST(cells_are_compared_without_their_time)
{
    struct workload work;
    const sluice_timed_config cell = workload_cell(1000);
    const sluice_timed_config cells[] = {cell, cell, cell};
    ck_assert_int_eq(workload_cells(&work, 3, cells, NULL, 4, 1, NULL),
                     SLUICE_OK);
    const struct measure_config how = {
        .work = &work,
        .order = &order,
        .devices = 3,
        .microbatches = 4,
        .repetitions = 2,
        .seed = 1,
    };
    struct yardstick *yardstick;
    struct measurement m;
    ck_assert_int_eq(yardstick_create(&how, &yardstick, NULL), SLUICE_OK);
    ck_assert_int_eq(measure(&how, yardstick, &m, NULL), SLUICE_OK);
    ck_assert_int_eq(m.wrong, 0);
    ck_assert_int_gt(sluice_model_n_parameters(work.model), 0);
    /* Three devices, each F, I and W of four micro-batches, in a line. */
    const struct samples *s = &m.samples;
    ck_assert(samples_min(s, FIGURE_STEP_NS) >= (4 + 3 - 1) * 3 * 1000);
    ck_assert(samples_min(s, FIGURE_STEP_NS) <=
              samples_median(s, FIGURE_STEP_NS));
    ck_assert(samples_median(s, FIGURE_STEP_NS) <=
              samples_max(s, FIGURE_STEP_NS));
    measurement_fini(&m);
    yardstick_destroy(yardstick);
    workload_fini(&work);
}
END_TEST

SLUICE_TEST_MAIN("bench.yardstick", the_same_steps_are_right,
                 other_parameters_are_all_wrong,
                 one_wrong_bit_is_one_wrong_element,
                 cells_are_compared_without_their_time)
