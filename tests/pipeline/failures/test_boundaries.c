/*
 * A value that is not finite is found where it leaves a stage: at each
 * boundary and by a skip connection, in each direction, for each micro-batch;
 * and the step changes nothing.
 */
#include <sluice/across_layers.h>

#include <math.h>

#include "altered.h"
#include "support/runner.h"

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

static struct altered altered;

static void set_up(void)
{
    altered_ops(&altered);
    altered.ops.forward = forward;
    altered.ops.backward_input = backward_input;
    altered_begin(&altered);
    spoil.armed = false;
}

static sluice_pipeline *make(const char *schedule, int devices,
                             sluice_finite finite)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    sluice_pipeline_config config = altered.problem.config;
    config.schedule.name = schedule;
    config.schedule.devices = devices;
    config.schedule.microbatches = MICROBATCHES;
    config.schedule.backward_order = SLUICE_IN_ORDER;
    config.remat = SLUICE_REMAT_EXCEPT_LAST;
    config.finite = finite;
    ck_assert_msg(!sluice_pipeline_create(&config, altered.model, &pipe, &why),
                  "%s", why.text);
    return pipe;
}

static void step_badly(sluice_pipeline *pipe, int stage)
{
    static float before[LAYERS][WIDTH], after[LAYERS][WIDTH];
    sluice_diag why;
    altered_read(&altered, pipe, before);
    spoil.armed = true;
    ck_assert_int_eq(altered_step(&altered, pipe, &why), SLUICE_NOT_FINITE);
    spoil.armed = false;
    ck_assert_int_eq(why.stage, stage);
    ck_assert_int_eq(why.microbatch, spoil.first_row / (BATCH / MICROBATCHES));
    ck_assert_msg(strstr(why.text, spoil.backward
                                       ? "the gradient of the stage's input"
                                       : "the output of the stage"),
                  "%s", why.text);
    ck_assert_msg(strchr(spoil.backward ? "BI" : "F", why.action[1]), "%s",
                  why.action);
    altered_read(&altered, pipe, after);
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
            ck_assert_msg(!altered_step(&altered, pipe, &why), "%s", why.text);
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
    altered_end(&altered);
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
        .input = {.n_dims = 1, .dims = {altered.problem.in}}};
    sluice_model_destroy(altered.model);
    ck_assert(!sluice_model_create(&config, &altered.model, NULL));
    ck_assert(!sluice_model_add(altered.model, &altered.ops, &probe, NULL));
    ck_assert(!sluice_model_add(altered.model, sluice_stash(), &stash, NULL));
    ck_assert(!sluice_model_add(altered.model, sluice_activate(), &tanh_config,
                                NULL));
    ck_assert(
        !sluice_model_add(altered.model, sl_test_probe_layer(), &probe, NULL));
    ck_assert(!sluice_model_add(altered.model, sluice_pop(), &pop, NULL));
    ck_assert(!sluice_model_add(altered.model, &altered.ops, &probe, NULL));
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
    ck_assert_int_eq(altered_step(&altered, pipe, &why), SLUICE_NOT_FINITE);
    spoil.armed = false;
    ck_assert_msg(strstr(why.text, backward
                                       ? "the gradient of a skip connection"
                                       : "the value of a skip connection"),
                  "%s", why.text);
    ck_assert_int_eq(why.stage, backward);
    ck_assert_int_eq(why.microbatch, microbatch);
    ck_assert_msg(!altered_step(&altered, pipe, &why), "%s", why.text);
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
    altered_end(&altered);
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
    ck_assert_msg(!altered_step(&altered, pipe, &why), "%s", why.text);
    sluice_pipeline_destroy(pipe);
    altered_end(&altered);
}
END_TEST

SLUICE_TEST_MAIN("boundaries", every_boundary_is_checked_in_both_directions,
                 what_a_skip_connection_carries_is_checked_in_both_directions,
                 boundaries_are_not_checked_unless_asked)
