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

/* The element of a gradient that is spoilt in every micro-batch. */
static struct {
    int layer; /* -1: none */
    int param, element;
} spoil_gradient;

/* The probe's parameter, and a second one that is not used. */
static sluice_status infer_two(const void *config, sluice_layer_plan *plan,
                               sluice_diag *why)
{
    sluice_status st = sl_test_probe_layer()->infer(config, plan, why);
    plan->n_params = 2;
    plan->params[1] = plan->params[0];
    snprintf(plan->params[1].name, sizeof plan->params[1].name, "unused");
    return st;
}

static sluice_status backward_two(const sluice_layer_call *call)
{
    int64_t n = sluice_shape_elements(&call->plan->in);
    sluice_status st = sl_test_probe_layer()->backward_weight(call);
    for (int64_t i = 0; i < n && !call->accumulate; i++)
        call->grads[1][i] = 0;
    if (call->layer == spoil_gradient.layer)
        call->grads[spoil_gradient.param][spoil_gradient.element] = NAN;
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

static void spoil_gradients(int zero)
{
    static const char *const names[] = {"weight", "unused"};
    sluice_diag why;
    sluice_pipeline *pipe;
    sluice_pipeline_config config = altered.problem.config;
    config.schedule.name = zero < 2 ? "1f1b" : "gpipe";
    config.schedule.devices = 2;
    config.schedule.microbatches = MICROBATCHES;
    config.replicas = zero ? 2 : 1;
    config.zero = zero;
    config.finite = SLUICE_FINITE_GRADIENTS;
    ck_assert_msg(!sluice_pipeline_create(&config, altered.model, &pipe, &why),
                  "%s", why.text);
    for (int i = 0; i < LAYERS * 2 * 3; i++) {
        char text[64];
        int in = (int)altered.problem.in;
        int elements[] = {0, 1, in - 1};
        spoil_gradient.layer = i / 6;
        spoil_gradient.param = i / 3 % 2;
        spoil_gradient.element = elements[i % 3];
        snprintf(text, sizeof text, "parameter %d.%s, element %d, is NaN",
                 spoil_gradient.layer, names[spoil_gradient.param],
                 spoil_gradient.element);
        ck_assert_int_eq(altered_step(&altered, pipe, &why), SLUICE_NOT_FINITE);
        ck_assert_msg(strstr(why.text, text), "%s: %s", text, why.text);
    }
    spoil_gradient.layer = -1;
    ck_assert_msg(!altered_step(&altered, pipe, &why), "%s", why.text);
    sluice_pipeline_destroy(pipe);
}

START_TEST(a_gradient_is_named_by_its_parameter_and_element)
{
    altered_ops(&altered);
    altered.ops.infer = infer_two;
    altered.ops.backward_weight = backward_two;
    altered_begin(&altered);
    for (int zero = 0; zero <= 2; zero++)
        spoil_gradients(zero);
    altered_end(&altered);
}
END_TEST

/* Layers 0 and 1, of one stage, have one weight. */
START_TEST(a_gradient_of_a_second_use_is_found)
{
    sluice_diag why;
    altered_ops(&altered);
    altered.ops.infer = infer_two;
    altered.ops.backward_weight = backward_two;
    altered_begin(&altered);
    ck_assert(!sluice_model_tie(altered.model, "1.unused", "0.unused", NULL));
    sluice_pipeline *pipe = make("gpipe", 2, SLUICE_FINITE_GRADIENTS);
    for (int i = 0; i < 4; i++) {
        char text[64];
        spoil_gradient.layer = i / 2;
        spoil_gradient.param = 1;
        spoil_gradient.element = i % 2 ? (int)altered.problem.in - 1 : 0;
        snprintf(text, sizeof text, ".unused, element %d, is NaN",
                 spoil_gradient.element);
        ck_assert_int_eq(altered_step(&altered, pipe, &why), SLUICE_NOT_FINITE);
        ck_assert_msg(strstr(why.text, text), "%s: %s", text, why.text);
    }
    spoil_gradient.layer = -1;
    ck_assert_msg(!altered_step(&altered, pipe, &why), "%s", why.text);
    sluice_pipeline_destroy(pipe);
    altered_end(&altered);
}
END_TEST

SLUICE_TEST_MAIN("boundaries", every_boundary_is_checked_in_both_directions,
                 what_a_skip_connection_carries_is_checked_in_both_directions,
                 boundaries_are_not_checked_unless_asked,
                 a_gradient_is_named_by_its_parameter_and_element,
                 a_gradient_of_a_second_use_is_found)
