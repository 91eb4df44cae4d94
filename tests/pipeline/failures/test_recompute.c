/*
 * A recomputation that gives other bits is found: in each stage, for each
 * micro-batch, whichever of the two passes was wrong; and the step changes
 * nothing.
 */
#include <math.h>

#include "altered.h"
#include "support/runner.h"

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

static struct altered altered;

static void set_up(void)
{
    altered_ops(&altered);
    altered.ops.forward = forward;
    altered_begin(&altered);
    fault.armed = false;
}

static sluice_pipeline *make(const char *schedule, int devices, int replicas,
                             bool checks)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    sluice_pipeline_config config = altered.problem.config;
    config.schedule.name = schedule;
    config.schedule.devices = devices;
    config.schedule.microbatches = MICROBATCHES / replicas;
    config.schedule.backward_order = SLUICE_IN_ORDER;
    config.replicas = replicas;
    config.remat = SLUICE_REMAT_ALWAYS;
    config.check_recompute = checks;
    ck_assert_msg(!sluice_pipeline_create(&config, altered.model, &pipe, &why),
                  "%s", why.text);
    return pipe;
}

static void fail_once(sluice_pipeline *pipe, int stage)
{
    static float before[LAYERS][WIDTH], after[LAYERS][WIDTH];
    sluice_diag why;
    altered_read(&altered, pipe, before);
    fault.armed = true;
    ck_assert_int_eq(altered_step(&altered, pipe, &why), SLUICE_NOT_REPEATED);
    fault.armed = false;
    ck_assert_msg(strstr(why.text, "recomputed output of the stage is not the"),
                  "%s", why.text);
    ck_assert_int_eq(why.stage, stage);
    ck_assert_int_eq(why.microbatch, fault.first_row / (BATCH / MICROBATCHES));
    ck_assert_int_eq(why.action[1], 'R');
    altered_read(&altered, pipe, after);
    ck_assert_mem_eq(before, after, sizeof before);
    ck_assert_msg(!altered_step(&altered, pipe, &why), "%s", why.text);
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
    altered_end(&altered);
}
END_TEST

START_TEST(replicas_do_not_share_what_they_compare)
{
    sluice_diag why;
    set_up();
    sluice_pipeline *pipe = make("1f1b", 2, 3, true);
    for (int i = 0; i < 3; i++)
        ck_assert_msg(!altered_step(&altered, pipe, &why), "%s", why.text);
    fault.recompute = true;
    fault.layer = 1;
    fault.first_row = 4;
    fault.armed = true;
    ck_assert_int_eq(altered_step(&altered, pipe, &why), SLUICE_NOT_REPEATED);
    ck_assert_int_eq(why.device, 4);
    sluice_pipeline_destroy(pipe);
    altered_end(&altered);
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
    ck_assert_int_eq(altered_step(&altered, pipe, &why), SLUICE_FORMAT);
    sluice_pipeline_destroy(pipe);
    altered_end(&altered);
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
            ck_assert_msg(!altered_step(&altered, pipe, &why), "%s", why.text);
        altered_read(&altered, pipe, checks ? with : without);
        sluice_pipeline_destroy(pipe);
    }
    ck_assert_mem_eq(with, without, sizeof with);
    altered_end(&altered);
}
END_TEST

SLUICE_TEST_MAIN("recompute",
                 a_flipped_bit_is_found_in_every_cell_of_both_passes,
                 replicas_do_not_share_what_they_compare,
                 nothing_is_compared_unless_asked, comparing_changes_no_bit)
