/*
 * Bits are a contract: for fixed M and backward order, losses, gradients and
 * parameters equal those of the sequential reference, whatever the number of
 * devices, the cut, rematerialization, queue capacity and schedule.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"

enum { LAYERS = 9, BATCH = 13 };

static const int all_microbatches[] = {1, 2, 3, 5, 8};

static const char *describe(const sluice_pipeline_config *c, int kind)
{
    static char text[160];
    snprintf(text, sizeof text,
             "kind %d, K %d, M %d, remat %d, capacity %d, order %d, cut %d, %s",
             kind, c->schedule.devices, c->schedule.microbatches, (int)c->remat,
             c->queue_capacity, (int)c->schedule.backward_order, (int)c->cut,
             c->schedule.name ? c->schedule.name : "gpipe");
    return text;
}

/* Whole, partial and tiny mini-batches, one after the other. */
static void check(const struct sl_test_problem *problem,
                  const sluice_pipeline_config *config, int kind)
{
    static const int rows[] = {BATCH, 6, BATCH, 2, 1, BATCH - 1, BATCH};
    struct sl_test_pair pair;
    ck_assert_msg(!sl_test_pair_init(&pair, problem, config), "%s: %s",
                  describe(config, kind), pair.why.text);
    long wrong = 0;
    for (int s = 0; s < 7; s++) {
        int64_t first = 3 * s;
        if (s == 4) {
            sluice_pipeline_set_learning_rate(pair.pipe, 0.01);
            sluice_reference_set_learning_rate(pair.ref, 0.01);
        }
        wrong += sl_test_step(&pair, first, rows[s]);
        if (s == 1)
            wrong += sl_test_evaluate(&pair, 1, 2 * BATCH + 3) +
                     sl_test_infer(&pair, 2, BATCH + 2);
    }
    wrong += sl_test_evaluate(&pair, 0, 1);
    ck_assert_msg(!wrong, "%s: %ld values differ; %s", describe(config, kind),
                  wrong, pair.text);
    ck_assert_uint_eq(sluice_pipeline_n_steps(pair.pipe), 7);
    sl_test_pair_fini(&pair);
}

/* Every (remat, capacity, order) at one K and M; a part unless long. */
static void check_settings(const struct sl_test_problem *problem, int kind,
                           int devices, int microbatches)
{
    int i = 0;
    for (int remat = 0; remat < 3; remat++)
        for (int capacity = 1; capacity <= 4; capacity++)
            for (int order = 0; order < 2; order++) {
                /* Over the (K, M) of a run every combination comes up. */
                if (!sl_test_is_long() &&
                    (i++ + devices + 3 * microbatches) % 8)
                    continue;
                if (sl_test_skips_of(4))
                    continue;
                sluice_pipeline_config config = problem->config;
                config.schedule.devices = devices;
                config.schedule.microbatches = microbatches;
                config.remat = (sluice_remat)remat;
                config.queue_capacity = capacity;
                config.schedule.backward_order = (sluice_backward_order)order;
                check(problem, &config, kind);
            }
}

static void check_kind(enum sl_test_kind kind)
{
    struct sl_test_problem problem = {0};
    ck_assert_int_eq(sl_test_problem_init(&problem, kind, LAYERS, BATCH, NULL),
                     SLUICE_OK);
    for (int devices = 1; devices <= 8; devices++)
        for (int m = 0; m < 5; m++)
            check_settings(&problem, kind, devices, all_microbatches[m]);
    sl_test_problem_fini(&problem);
}

START_TEST(relu_nets_equal_the_reference)
{
    check_kind(SL_TEST_RELU);
}
END_TEST

START_TEST(dropout_nets_equal_the_reference)
{
    check_kind(SL_TEST_DROPOUT);
}
END_TEST

START_TEST(norm_nets_equal_the_reference)
{
    check_kind(SL_TEST_NORM);
}
END_TEST

START_TEST(residual_nets_equal_the_reference)
{
    check_kind(SL_TEST_BLOCKS);
}
END_TEST

START_TEST(transformers_equal_the_reference)
{
    check_kind(SL_TEST_GPT);
}
END_TEST

START_TEST(nets_with_skip_connections_equal_the_reference)
{
    check_kind(SL_TEST_SKIPS);
}
END_TEST

START_TEST(nets_with_tied_tensors_equal_the_reference)
{
    check_kind(SL_TEST_TIED);
}
END_TEST

START_TEST(each_layer_is_handed_its_own_data)
{
    check_kind(SL_TEST_PROBE);
}
END_TEST

/* Gives the core away for a while that depends on the cell and its turn. */
static sluice_status dawdle(void *context, const struct sl_test_cell *cell)
{
    atomic_uint *turn = context;
    unsigned n = atomic_fetch_add(turn, 1) * 2654435761U +
                 (unsigned)cell->layer * 40503U + (unsigned)cell->first_row;
    for (n = n >> 16 & 15; n > 8; n--)
        sched_yield();
    return SLUICE_OK;
}

START_TEST(dawdling_layers_do_not_show)
{
    atomic_uint turn = 0;
    struct sl_test_problem problem = {.probe = {dawdle, &turn}};
    sl_test_problem_init(&problem, SL_TEST_PROBE, LAYERS, BATCH, NULL);
    for (int i = 0; i < (sl_test_is_long() ? 1000 : 40); i++) {
        sluice_pipeline_config config = problem.config;
        config.schedule.devices = 2 + i % 7;
        config.schedule.microbatches = all_microbatches[i % 5];
        config.queue_capacity = 1 + i % 3;
        config.remat = (sluice_remat)(i / 3 % 3);
        config.schedule.name = i % 2 ? "gpipe" : "1f1b";
        config.schedule.backward_order =
            i % 2 ? SLUICE_REVERSE : SLUICE_IN_ORDER;
        check(&problem, &config, SL_TEST_PROBE);
    }
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(one_forward_one_backward_equals_the_reference_in_order)
{
    for (int kind = 0; kind < SL_TEST_KINDS; kind++) {
        struct sl_test_problem problem = {0};
        sl_test_problem_init(&problem, (enum sl_test_kind)kind, LAYERS, BATCH,
                             NULL);
        for (int devices = 1; devices <= 8; devices++)
            for (int m = 0; m < 5; m++) {
                if (sl_test_skips_of(4))
                    continue;
                sluice_pipeline_config config = problem.config;
                config.schedule.devices = devices;
                config.schedule.microbatches = all_microbatches[m];
                config.schedule.name = "1f1b";
                config.schedule.backward_order = SLUICE_IN_ORDER;
                config.remat = (sluice_remat)((devices + m) % 3);
                config.queue_capacity = 1 + (devices + 2 * m) % 4;
                check(&problem, &config, kind);
            }
        sl_test_problem_fini(&problem);
    }
}
END_TEST

START_TEST(the_cut_does_not_show)
{
    static const int lists[][4] = {
        {1, 1, 1, 6}, {6, 1, 1, 1}, {2, 4, 1, 2}, {1, 3, 4, 1}};
    for (int kind = 0; kind < SL_TEST_KINDS; kind++) {
        struct sl_test_problem problem = {0};
        sl_test_problem_init(&problem, (enum sl_test_kind)kind, LAYERS, BATCH,
                             NULL);
        sluice_pipeline_config config = problem.config;
        config.schedule.devices = 4;
        config.schedule.microbatches = 3;
        config.cut = SLUICE_CUT_LIST;
        for (int i = 0; i < 4; i++) {
            config.partition = lists[i];
            config.remat = (sluice_remat)(i % 3);
            check(&problem, &config, kind);
        }
        config.partition = NULL;
        config.cut = SLUICE_CUT_FLOPS;
        check(&problem, &config, kind);
        config.cut = SLUICE_CUT_TIME;
        check(&problem, &config, kind);
        config.cut = SLUICE_CUT_BYTES;
        check(&problem, &config, kind);
        sl_test_problem_fini(&problem);
    }
}
END_TEST

START_TEST(blocks_of_many_parameters_equal_the_reference)
{
    struct sl_test_problem problem = {0};
    sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH, NULL);
    sluice_model_destroy(problem.model);
    ck_assert(
        !sluice_model_parse("6-res(8x15-6)x3-5", NULL, &problem.model, NULL));
    for (int devices = 1; devices <= 4; devices++) {
        sluice_pipeline_config config = problem.config;
        config.schedule.devices = devices;
        config.schedule.microbatches = 3;
        config.remat = (sluice_remat)(devices % 3);
        check(&problem, &config, SL_TEST_RELU);
    }
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(spinning_pinning_and_tracing_do_not_show)
{
    struct sl_test_problem problem = {0};
    sl_test_problem_init(&problem, SL_TEST_DROPOUT, LAYERS, BATCH, NULL);
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = 5;
    config.pinning = SLUICE_PIN_OFF;
    config.spin_ns = -1;
    check(&problem, &config, SL_TEST_DROPOUT);
    config.spin_ns = 1000000;
    config.trace = true;
    check(&problem, &config, SL_TEST_DROPOUT);
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(weights_that_were_set_are_the_ones_that_train)
{
    struct sl_test_problem problem = {0};
    sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH, NULL);
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 3;
    config.schedule.microbatches = 2;
    struct sl_test_pair pair;
    ck_assert_int_eq(sl_test_pair_init(&pair, &problem, &config), SLUICE_OK);
    float values[256];
    for (int i = 0; i < LAYERS; i++) {
        const sluice_param_spec *spec =
            &sluice_model_layer_plan(problem.model, i)->params[0];
        int64_t n = sluice_shape_elements(&spec->shape);
        for (int64_t j = 0; j < n; j++)
            values[j] = (float)(j % 5 - 2) / 8;
        char name[64];
        snprintf(name, sizeof name, "%d.weight", i);
        ck_assert_int_eq(
            sluice_pipeline_set_parameter(pair.pipe, name, values, n, NULL),
            SLUICE_OK);
        sluice_reference_set_parameter(pair.ref, name, values, n, NULL);
    }
    ck_assert_int_eq(sl_test_parameters(&pair), 0);
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.bits", relu_nets_equal_the_reference,
                 dropout_nets_equal_the_reference,
                 norm_nets_equal_the_reference,
                 residual_nets_equal_the_reference,
                 transformers_equal_the_reference,
                 nets_with_skip_connections_equal_the_reference,
                 nets_with_tied_tensors_equal_the_reference,
                 each_layer_is_handed_its_own_data, dawdling_layers_do_not_show,
                 one_forward_one_backward_equals_the_reference_in_order,
                 the_cut_does_not_show,
                 blocks_of_many_parameters_equal_the_reference,
                 spinning_pinning_and_tracing_do_not_show,
                 weights_that_were_set_are_the_ones_that_train)
