/*
 * Skip connections of a pipeline.  Their bits, under every schedule, cut and
 * number of replicas, are judged in test_bits.c, test_schedules.c,
 * test_replicas.c and test_copies.c; here is what they mean, what they take,
 * and what can go wrong.
 */
#include <sluice/across_layers.h>

#include <stdio.h>
#include <string.h>

#include "support/faults/fault.h"
#include "support/parse_model.h"
#include "support/runner.h"

enum { BATCH = 12, M = 6 };

static struct sl_test_problem problem;
static sluice_diag why;

static sluice_pipeline *start(const sluice_model *model, int devices,
                              const int *partition)
{
    sluice_pipeline *pipe = NULL;
    sluice_pipeline_config config = problem.config;
    config.schedule.name = "1f1b";
    config.schedule.devices = devices;
    config.schedule.microbatches = M;
    config.cut = SLUICE_CUT_LIST;
    config.partition = partition;
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    return pipe;
}

/* The weights of three linear layers have other names. */
static void copy_weights(const sluice_pipeline *from, sluice_pipeline *to)
{
    static const char *const names[][2] = {{"0.0.weight", "1.weight"},
                                           {"0.1.weight", "2.weight"},
                                           {"1.weight", "4.weight"}};
    float values[36];
    for (int i = 0; i < 3; i++) {
        int n = i == 2 ? 30 : 36;
        ck_assert(
            !sluice_pipeline_get_parameter(from, names[i][0], values, n, &why));
        ck_assert_msg(
            !sluice_pipeline_set_parameter(to, names[i][1], values, n, &why),
            "%s", why.text);
    }
}

/* x + f(x) across stages is the layer that computes it in one. */
START_TEST(a_skip_around_layers_is_a_residual_to_the_bit)
{
    static const int cuts[][5] = {{5},       {1, 4},       {3, 2},
                                  {2, 1, 2}, {1, 1, 1, 2}, {1, 1, 1, 1, 1}};
    static const int n_cuts[] = {1, 2, 2, 3, 4, 5};
    problem = (struct sl_test_problem){0};
    ck_assert(!sl_test_problem_init(&problem, SL_TEST_BLOCKS, 4, BATCH, NULL));
    sluice_model *block =
        sl_test_parse("input(6); residual{linear(6,activation=tanh); "
                      "linear(6)}; linear(5)");
    sluice_model *skip =
        sl_test_parse("input(6); stash(a); linear(6,activation=tanh); "
                      "linear(6); pop(a); linear(5)");
    for (int i = 0; i < 6; i++) {
        float want[36], got[36];
        sluice_result a, b;
        sluice_pipeline *one = start(block, 1, (int[]){2});
        sluice_pipeline *other = start(skip, n_cuts[i], cuts[i]);
        copy_weights(one, other);
        for (int s = 0; s < 3; s++) {
            ck_assert(!sluice_pipeline_step(one, problem.x, problem.targets,
                                            BATCH, &a, &why));
            ck_assert(!sluice_pipeline_step(other, problem.x, problem.targets,
                                            BATCH, &b, &why));
            ck_assert_double_eq(a.loss, b.loss);
        }
        ck_assert(
            !sluice_pipeline_get_parameter(one, "0.0.weight", want, 36, &why));
        ck_assert(
            !sluice_pipeline_get_parameter(other, "1.weight", got, 36, &why));
        ck_assert_mem_eq(got, want, sizeof got);
        sluice_pipeline_destroy(other);
        sluice_pipeline_destroy(one);
    }
    sluice_model_destroy(skip);
    sluice_model_destroy(block);
    sl_test_problem_fini(&problem);
}
END_TEST

/* Device 0 of K = 3 has three micro-batches between F and B: so many slots of
 * gradients, and two more of activations, for evaluations. */
START_TEST(an_edge_takes_slots_for_the_micro_batches_under_way)
{
    sluice_memory_plan with[3], without[3];
    size_t slot = 64; /* 2 rows of 6 floats, on a line of its own */
    problem = (struct sl_test_problem){0};
    ck_assert(!sl_test_problem_init(&problem, SL_TEST_RELU, 4, BATCH, NULL));
    sluice_model *skip = sl_test_parse("input(6); stash(a); linear(6); pop(a)");
    sluice_model *plain = sl_test_parse("input(6); activate(relu); linear(6); "
                                        "activate(relu)");
    sluice_pipeline_config config = problem.config;
    config.schedule.name = "1f1b";
    config.schedule.devices = 3;
    config.schedule.microbatches = M;
    ck_assert(!sluice_pipeline_plan(skip, &config, with, &why));
    ck_assert(!sluice_pipeline_plan(plain, &config, without, &why));
    ck_assert_uint_eq(with[0].boundary - without[0].boundary, 3 * slot);
    ck_assert_uint_eq(with[1].boundary, without[1].boundary);
    ck_assert_uint_eq(with[2].boundary - without[2].boundary, 5 * slot);
    config.schedule.devices = 1;
    ck_assert(!sluice_pipeline_plan(skip, &config, with, &why));
    ck_assert(!sluice_pipeline_plan(plain, &config, without, &why));
    ck_assert_uint_eq(with[0].boundary, without[0].boundary);
    ck_assert_uint_eq(with[0].workspace - without[0].workspace, slot);
    sluice_model_destroy(plain);
    sluice_model_destroy(skip);
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(a_stash_that_is_not_popped_is_refused)
{
    sluice_pipeline *pipe = NULL;
    sluice_reference *ref = NULL;
    problem = (struct sl_test_problem){0};
    ck_assert(!sl_test_problem_init(&problem, SL_TEST_RELU, 4, BATCH, NULL));
    sluice_model *model =
        sl_test_parse("input(6); linear(6); stash(left); linear(5)");
    sluice_pipeline_config config = problem.config;
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "layer 1 is stash(left)"), "%s", why.text);
    ck_assert_int_eq(sluice_reference_create(&config, model, &ref, &why),
                     SLUICE_INVALID);
    sluice_model_destroy(model);
    sl_test_problem_fini(&problem);
}
END_TEST

/* probe, stash(a), probe, stash(b), probe, pop(b), probe, pop(a), probe */
static void make_model(void)
{
    const sluice_stash_config a = {"a"}, b = {"b"};
    const sluice_pop_config pop_a = {.name = "a"}, pop_b = {.name = "b"};
    sluice_model_config config = {.input = sluice_shape_vector(6)};
    sluice_model_destroy(problem.model);
    ck_assert(!sluice_model_create(&config, &problem.model, &why));
    for (int i = 0; i < 9; i++) {
        sluice_status st;
        if (i == 1 || i == 3)
            st = sluice_model_add(problem.model, sluice_stash(),
                                  i == 1 ? &a : &b, &why);
        else if (i == 5 || i == 7)
            st = sluice_model_add(problem.model, sluice_pop(),
                                  i == 7 ? &pop_a : &pop_b, &why);
        else
            st = sluice_model_add(problem.model, sl_test_probe_layer(),
                                  &problem.probe, &why);
        ck_assert_int_eq(st, SLUICE_OK);
    }
}

/* One step breaks, and those after it are as if it had not been. */
static void check_fault(int devices, int layer, enum sl_test_pass pass)
{
    struct sl_test_fault fault = {
        .pass = pass, .layer = layer, .first_row = SL_TEST_ANY_ROW};
    struct sl_test_pair pair;
    problem = (struct sl_test_problem){.probe = {sl_test_fail_there, &fault}};
    ck_assert(!sl_test_problem_init(&problem, SL_TEST_PROBE, 6, BATCH, NULL));
    make_model();
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = devices;
    config.schedule.microbatches = 3;
    config.remat = (sluice_remat)(layer % 3);
    ck_assert(!sl_test_pair_init(&pair, &problem, &config));
    sl_test_break_step(&pair, &fault, BATCH);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&problem);
}

START_TEST(a_fault_anywhere_leaves_the_edges_usable)
{
    static const enum sl_test_pass passes[] = {SL_TEST_FORWARD, SL_TEST_INPUT,
                                               SL_TEST_WEIGHT};
    for (int devices = 1; devices <= 6; devices++)
        for (int layer = 0; layer < 9; layer += 2)
            for (int i = 0; i < 3; i++)
                check_fault(devices, layer, passes[i]);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.skip_links",
                 a_skip_around_layers_is_a_residual_to_the_bit,
                 an_edge_takes_slots_for_the_micro_batches_under_way,
                 a_stash_that_is_not_popped_is_refused,
                 a_fault_anywhere_leaves_the_edges_usable)
