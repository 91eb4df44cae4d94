/*
 * A value that is not finite is found where it leaves a stage: at each
 * boundary and by a skip connection, in each direction, for each micro-batch;
 * and the step changes nothing.
 */
#include <sluice/across_layers.h>

#include <math.h>
#include <stdio.h>

#include "support/problem.h"
#include "support/runner.h"

enum { LAYERS = 4, BATCH = 6, MICROBATCHES = 3, WIDTH = 64 };

/* The cell whose result is spoilt; written between steps. */
static struct {
    bool armed;
    bool backward;
    int layer;
    int64_t first_row;
    float value;
} spoil;

static void spoil_there(const sluice_layer_call *call, bool backward,
                        float *values)
{
    int64_t n = call->rows * sluice_shape_elements(&call->plan->in);
    if (spoil.armed && spoil.backward == backward &&
        spoil.layer == call->layer && spoil.first_row == call->first_row &&
        call->training && !call->recompute && values)
        values[n - 1] = spoil.value;
}

static sluice_status forward(const sluice_layer_call *call)
{
    sluice_status st = sl_test_probe_layer()->forward(call);
    spoil_there(call, false, call->y);
    return st;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    sluice_status st = sl_test_probe_layer()->backward_input(call);
    spoil_there(call, true, call->dx);
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
    ops.backward_input = backward_input;
    const sluice_model_config config = {
        .input = {.n_dims = 1, .dims = {problem.in}}};
    ck_assert(!sluice_model_create(&config, &model, NULL));
    for (int i = 0; i < LAYERS; i++)
        ck_assert(!sluice_model_add(model, &ops, &probe, NULL));
    spoil.armed = false;
}

static void tear_down(void)
{
    sluice_model_destroy(model);
    sl_test_problem_fini(&problem);
}

static sluice_pipeline *make(const char *schedule, int devices,
                             sluice_finite finite)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    sluice_pipeline_config config = problem.config;
    config.schedule.name = schedule;
    config.schedule.devices = devices;
    config.schedule.microbatches = MICROBATCHES;
    config.schedule.backward_order = SLUICE_IN_ORDER;
    config.remat = SLUICE_REMAT_EXCEPT_LAST;
    config.finite = finite;
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

static void step_badly(sluice_pipeline *pipe, int stage)
{
    static float before[LAYERS][WIDTH], after[LAYERS][WIDTH];
    sluice_diag why;
    read_weights(pipe, before);
    spoil.armed = true;
    ck_assert_int_eq(step(pipe, &why), SLUICE_NOT_FINITE);
    spoil.armed = false;
    ck_assert_int_eq(why.stage, stage);
    ck_assert_int_eq(why.microbatch, spoil.first_row / (BATCH / MICROBATCHES));
    ck_assert_msg(strstr(why.text, spoil.backward
                                       ? "the gradient of the stage's input"
                                       : "the output of the stage"),
                  "%s", why.text);
    ck_assert_msg(strchr(spoil.backward ? "BI" : "F", why.action[1]), "%s",
                  why.action);
    read_weights(pipe, after);
    ck_assert_mem_eq(before, after, sizeof before);
}

static void spoil_everywhere(const char *schedule, int devices)
{
    sluice_diag why;
    sluice_pipeline *pipe = make(schedule, devices, SLUICE_FINITE_BOUNDARIES);
    int per_stage = LAYERS / devices;
    for (int boundary = 1; boundary < devices; boundary++)
        for (int m = 0; m < 2 * MICROBATCHES; m++) {
            spoil.backward = m >= MICROBATCHES;
            spoil.first_row =
                (int64_t)(m % MICROBATCHES) * (BATCH / MICROBATCHES);
            spoil.layer = boundary * per_stage - !spoil.backward;
            spoil.value = m % 2 ? NAN : -INFINITY;
            step_badly(pipe, spoil.layer / per_stage);
            ck_assert_msg(!step(pipe, &why), "%s", why.text);
        }
    sluice_pipeline_destroy(pipe);
}

START_TEST(every_boundary_is_checked_in_both_directions)
{
    static const char *const schedules[] = {"1f1b", "gpipe", "zb-h1"};
    set_up();
    for (int i = 0; i < 3; i++) {
        spoil_everywhere(schedules[i], 2);
        spoil_everywhere(schedules[i], 4);
    }
    tear_down();
}
END_TEST

/* Layer 0, stash, tanh | probe, pop, layer 5: tanh makes an infinite value
 * finite again, so that only the skip connection carries it on. */
static void make_skip_model(void)
{
    const struct sl_test_probe probe = {.watch = NULL};
    const sluice_stash_config stash = {"a"};
    const sluice_pop_config pop = {.name = "a"};
    const sluice_activate_config tanh_config = {.activation = SLUICE_TANH};
    const sluice_model_config config = {
        .input = {.n_dims = 1, .dims = {problem.in}}};
    sluice_model_destroy(model);
    ck_assert(!sluice_model_create(&config, &model, NULL));
    ck_assert(!sluice_model_add(model, &ops, &probe, NULL));
    ck_assert(!sluice_model_add(model, sluice_stash(), &stash, NULL));
    ck_assert(!sluice_model_add(model, sluice_activate(), &tanh_config, NULL));
    ck_assert(!sluice_model_add(model, sl_test_probe_layer(), &probe, NULL));
    ck_assert(!sluice_model_add(model, sluice_pop(), &pop, NULL));
    ck_assert(!sluice_model_add(model, &ops, &probe, NULL));
}

/* The stage that hands it on is blamed, not the one that receives it. */
static void spoil_skip(sluice_pipeline *pipe, bool backward, int microbatch)
{
    sluice_diag why;
    spoil.backward = backward;
    spoil.first_row = (int64_t)microbatch * (BATCH / MICROBATCHES);
    spoil.layer = backward ? 5 : 0;
    spoil.value = -INFINITY;
    spoil.armed = true;
    ck_assert_int_eq(step(pipe, &why), SLUICE_NOT_FINITE);
    spoil.armed = false;
    ck_assert_msg(strstr(why.text, backward
                                       ? "the gradient of a skip connection"
                                       : "the value of a skip connection"),
                  "%s", why.text);
    ck_assert_int_eq(why.stage, backward);
    ck_assert_int_eq(why.microbatch, microbatch);
    ck_assert_msg(!step(pipe, &why), "%s", why.text);
}

START_TEST(what_a_skip_connection_carries_is_checked_in_both_directions)
{
    static const char *const schedules[] = {"1f1b", "gpipe", "zb-h1"};
    set_up();
    make_skip_model();
    for (int i = 0; i < 3; i++) {
        sluice_pipeline *pipe = make(schedules[i], 2, SLUICE_FINITE_BOUNDARIES);
        for (int m = 0; m < MICROBATCHES; m++) {
            spoil_skip(pipe, false, m);
            spoil_skip(pipe, true, m);
        }
        sluice_pipeline_destroy(pipe);
    }
    tear_down();
}
END_TEST

START_TEST(boundaries_are_not_checked_unless_asked)
{
    sluice_diag why;
    set_up();
    sluice_pipeline *pipe = make("1f1b", 2, SLUICE_FINITE_OFF);
    spoil.backward = true;
    spoil.layer = 2;
    spoil.first_row = 0;
    spoil.value = NAN;
    spoil.armed = true;
    ck_assert_msg(!step(pipe, &why), "%s", why.text);
    sluice_pipeline_destroy(pipe);
    tear_down();
}
END_TEST

SLUICE_TEST_MAIN("boundaries", every_boundary_is_checked_in_both_directions,
                 what_a_skip_connection_carries_is_checked_in_both_directions,
                 boundaries_are_not_checked_unless_asked)
