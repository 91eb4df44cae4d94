/*
 * A recomputation that gives other bits is found: in each stage, for each
 * micro-batch, whichever of the two passes was wrong; and the step changes
 * nothing.
 */
#include <math.h>
#include <stdio.h>

#include "support/problem.h"
#include "support/runner.h"

enum { LAYERS = 4, BATCH = 6, MICROBATCHES = 3, WIDTH = 64 };

/* The cell in which a bit flips; written between steps. */
static struct {
    bool armed;
    bool recompute;
    int layer;
    int64_t first_row;
} fault;

static sluice_status forward(const sluice_layer_call *call)
{
    sluice_status st = sl_test_probe_layer()->forward(call);
    int64_t n = call->rows * sluice_shape_elements(&call->plan->in);
    if (fault.armed && fault.recompute == call->recompute &&
        fault.layer == call->layer && fault.first_row == call->first_row &&
        call->training)
        call->y[n - 1] = nextafterf(call->y[n - 1], INFINITY);
    return st;
}

static struct sl_test_problem problem;
static sluice_layer_ops ops;
static sluice_model *model;

static void set_up(void)
{
    const struct sl_test_probe probe = {.watch = NULL};
    sl_test_problem_init(&problem, SL_TEST_PROBE, LAYERS, BATCH, NULL);
    ops = *sl_test_probe_layer();
    ops.forward = forward;
    const sluice_model_config config = {
        .input = {.n_dims = 1, .dims = {problem.in}}};
    ck_assert(!sluice_model_create(&config, &model, NULL));
    for (int i = 0; i < LAYERS; i++)
        ck_assert(!sluice_model_add(model, &ops, &probe, NULL));
    fault.armed = false;
}

static void tear_down(void)
{
    sluice_model_destroy(model);
    sl_test_problem_fini(&problem);
}

static sluice_pipeline *make(const char *schedule, int devices, int replicas,
                             bool checks)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    sluice_pipeline_config config = problem.config;
    config.schedule.name = schedule;
    config.schedule.devices = devices;
    config.schedule.microbatches = MICROBATCHES / replicas;
    config.schedule.backward_order = SLUICE_IN_ORDER;
    config.replicas = replicas;
    config.remat = SLUICE_REMAT_ALWAYS;
    config.check_recompute = checks;
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    return pipe;
}

static sluice_status step(sluice_pipeline *pipe, sluice_diag *why)
{
    *why = (sluice_diag){.text = ""};
    return sluice_pipeline_step(pipe, problem.x, problem.targets, BATCH, NULL,
                                why);
}

static void read_weights(const sluice_pipeline *pipe,
                         float values[LAYERS][WIDTH])
{
    for (int i = 0; i < LAYERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.weight", i);
        ck_assert(!sluice_pipeline_get_parameter(pipe, name, values[i],
                                                 problem.in, NULL));
    }
}

static void fail_once(sluice_pipeline *pipe, int stage)
{
    static float before[LAYERS][WIDTH], after[LAYERS][WIDTH];
    sluice_diag why;
    read_weights(pipe, before);
    fault.armed = true;
    ck_assert_int_eq(step(pipe, &why), SLUICE_NOT_REPEATED);
    fault.armed = false;
    ck_assert_msg(strstr(why.text, "recomputed output of the stage is not the"),
                  "%s", why.text);
    ck_assert_int_eq(why.stage, stage);
    ck_assert_int_eq(why.microbatch, fault.first_row / (BATCH / MICROBATCHES));
    ck_assert_int_eq(why.action[1], 'R');
    read_weights(pipe, after);
    ck_assert_mem_eq(before, after, sizeof before);
    ck_assert_msg(!step(pipe, &why), "%s", why.text);
}

static void fail_everywhere(const char *schedule, int devices)
{
    sluice_pipeline *pipe = make(schedule, devices, 1, true);
    for (int i = 0; i < LAYERS * MICROBATCHES * 2; i++) {
        fault.recompute = i % 2;
        fault.layer = i / 2 % LAYERS;
        fault.first_row = (int64_t)(i / 2 / LAYERS) * (BATCH / MICROBATCHES);
        fail_once(pipe, fault.layer / (LAYERS / devices));
    }
    sluice_pipeline_destroy(pipe);
}

START_TEST(a_flipped_bit_is_found_in_every_cell_of_both_passes)
{
    static const char *const schedules[] = {"1f1b", "gpipe", "zb-h1"};
    set_up();
    for (int i = 0; i < 3; i++)
        for (int devices = 1; devices <= LAYERS; devices *= 2)
            fail_everywhere(schedules[i], devices);
    tear_down();
}
END_TEST

START_TEST(replicas_do_not_share_what_they_compare)
{
    sluice_diag why;
    set_up();
    sluice_pipeline *pipe = make("1f1b", 2, 3, true);
    for (int i = 0; i < 3; i++)
        ck_assert_msg(!step(pipe, &why), "%s", why.text);
    fault.recompute = true;
    fault.layer = 1;
    fault.first_row = 4;
    fault.armed = true;
    ck_assert_int_eq(step(pipe, &why), SLUICE_NOT_REPEATED);
    ck_assert_int_eq(why.device, 4);
    sluice_pipeline_destroy(pipe);
    tear_down();
}
END_TEST

/* The layer of these tests then notices in its backward. */
START_TEST(nothing_is_compared_unless_asked)
{
    sluice_diag why;
    set_up();
    sluice_pipeline *pipe = make("1f1b", 2, 1, false);
    fault.recompute = true;
    fault.layer = 2;
    fault.first_row = 0;
    fault.armed = true;
    ck_assert_int_eq(step(pipe, &why), SLUICE_FORMAT);
    sluice_pipeline_destroy(pipe);
    tear_down();
}
END_TEST

START_TEST(comparing_changes_no_bit)
{
    static float with[LAYERS][WIDTH], without[LAYERS][WIDTH];
    sluice_diag why;
    set_up();
    for (int checks = 0; checks < 2; checks++) {
        sluice_pipeline *pipe = make("1f1b", 2, 1, checks);
        for (int i = 0; i < 5; i++)
            ck_assert_msg(!step(pipe, &why), "%s", why.text);
        read_weights(pipe, checks ? with : without);
        sluice_pipeline_destroy(pipe);
    }
    ck_assert_mem_eq(with, without, sizeof with);
    tear_down();
}
END_TEST

SLUICE_TEST_MAIN("recompute",
                 a_flipped_bit_is_found_in_every_cell_of_both_passes,
                 replicas_do_not_share_what_they_compare,
                 nothing_is_compared_unless_asked, comparing_changes_no_bit)
