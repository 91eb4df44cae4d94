/*
 * The trace tells what happened: each device's events are the schedule's
 * actions in order, times do not run backwards, and the account adds up
 * exactly.
 */
#include <math.h>
#include <string.h>

#include "support/problem.h"
#include "support/runner.h"

enum { LAYERS = 8, BATCH = 12, MAX_DEVICES = 8 };

/* One device's events against its actions. */
static void check_device(const sluice_trace *trace, int device,
                         const sluice_schedule *schedule)
{
    int n;
    const sluice_action *actions =
        sluice_schedule_actions(schedule, device, &n);
    int64_t now = trace->start_ns;
    ck_assert_int_eq(trace->n_events[device], n);
    for (int i = 0; i < n; i++) {
        const sluice_trace_event *e = &trace->events[device][i];
        ck_assert_int_eq(e->action.kind, actions[i].kind);
        ck_assert_int_eq(e->action.stage, actions[i].stage);
        ck_assert_int_eq(e->action.microbatch, actions[i].microbatch);
        ck_assert_int_ge(e->input_wait_ns, 0);
        ck_assert_int_ge(e->output_wait_ns, 0);
        ck_assert_int_ge(e->cpu_ns, 0);
        ck_assert_int_ge(e->start_ns - e->input_wait_ns, now);
        ck_assert_int_ge(e->end_ns, e->start_ns);
        now = e->end_ns + e->output_wait_ns;
    }
    ck_assert_int_ge(trace->end_ns, now);
}

/* When stage `stage` did `kind` to `microbatch`. */
static const sluice_trace_event *find(const sluice_trace *trace, int device,
                                      int kind, int microbatch)
{
    for (int i = 0; i < trace->n_events[device]; i++) {
        const sluice_trace_event *e = &trace->events[device][i];
        if (e->action.kind == kind && e->action.microbatch == microbatch)
            return e;
    }
    return NULL;
}

/* What a device takes has been made before. */
static void check_causes(const sluice_trace *trace, int microbatches)
{
    for (int d = 1; d < trace->n_devices; d++)
        for (int m = 0; m < microbatches; m++) {
            ck_assert_int_ge(find(trace, d, SLUICE_F, m)->start_ns,
                             find(trace, d - 1, SLUICE_F, m)->end_ns);
            ck_assert_int_ge(find(trace, d - 1, SLUICE_B, m)->start_ns,
                             find(trace, d, SLUICE_B, m)->end_ns);
        }
}

static void check_account(const sluice_trace *trace)
{
    sluice_time_share devices[MAX_DEVICES], all;
    int64_t busy = 0, wait = 0, other = 0;
    sluice_trace_account(trace, devices, &all);
    for (int d = 0; d < trace->n_devices; d++) {
        const sluice_time_share *s = &devices[d];
        ck_assert_int_eq(s->makespan_ns, all.makespan_ns);
        ck_assert_int_eq(s->busy_ns + s->wait_ns + s->other_ns, s->makespan_ns);
        ck_assert(s->busy_ns >= 0 && s->wait_ns >= 0 && s->other_ns >= 0);
        ck_assert_double_eq_tol(s->bubble, 1 - s->busy, 1e-12);
        busy += s->busy_ns;
        wait += s->wait_ns;
        other += s->other_ns;
    }
    ck_assert_int_le(all.makespan_ns, trace->end_ns - trace->start_ns);
    ck_assert_int_gt(all.makespan_ns, 0);
    ck_assert_int_eq(all.busy_ns, busy);
    ck_assert_int_eq(all.wait_ns, wait);
    ck_assert_int_eq(all.other_ns, other);
    ck_assert_int_eq(busy + wait + other, trace->n_devices * all.makespan_ns);
}

static void check_traces(const struct sl_test_problem *p,
                         const sluice_pipeline_config *config)
{
    sluice_pipeline *pipe;
    sluice_trace trace;
    int64_t last = 0;
    ck_assert_int_eq(sluice_pipeline_create(config, p->model, &pipe, NULL),
                     SLUICE_OK);
    for (int s = 0; s < 3; s++) {
        sluice_result result;
        ck_assert_int_eq(
            sluice_pipeline_step(pipe, p->x, p->targets, BATCH, &result, NULL),
            SLUICE_OK);
        ck_assert_int_eq(sluice_pipeline_trace(pipe, &trace, NULL), SLUICE_OK);
        ck_assert_int_eq(trace.n_devices, config->schedule.devices);
        ck_assert_int_ge(trace.start_ns, last);
        last = trace.end_ns;
        for (int d = 0; d < trace.n_devices; d++)
            check_device(&trace, d, sluice_pipeline_schedule(pipe));
        check_causes(&trace, config->schedule.microbatches);
        check_account(&trace);
    }
    sluice_pipeline_destroy(pipe);
}

START_TEST(events_are_the_schedules_actions_in_order)
{
    static const int microbatches[] = {1, 3, 8};
    struct sl_test_problem p = {0};
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    for (int devices = 1; devices <= MAX_DEVICES; devices++)
        for (int m = 0; m < 3; m++) {
            sluice_pipeline_config config = p.config;
            config.trace = true;
            config.schedule.devices = devices;
            config.schedule.microbatches = microbatches[m];
            config.remat = (sluice_remat)((devices + m) % 3);
            config.queue_capacity = 1 + m;
            config.schedule.name = devices % 2 ? "gpipe" : "1f1b";
            check_traces(&p, &config);
        }
    sl_test_problem_fini(&p);
}
END_TEST

START_TEST(a_partial_mini_batch_is_traced_too)
{
    struct sl_test_problem p = {0};
    sluice_pipeline *pipe;
    sluice_result result;
    sluice_trace trace;
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    p.config.schedule.devices = 3;
    p.config.schedule.microbatches = 6;
    p.config.trace = true;
    ck_assert_int_eq(sluice_pipeline_create(&p.config, p.model, &pipe, NULL),
                     SLUICE_OK);
    for (int rows = 1; rows <= BATCH; rows++) {
        sluice_pipeline_step(pipe, p.x, p.targets, rows, &result, NULL);
        ck_assert_int_eq(sluice_pipeline_trace(pipe, &trace, NULL), SLUICE_OK);
        check_account(&trace);
    }
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&p);
}
END_TEST

START_TEST(there_is_no_trace_unless_asked_for_or_before_a_step)
{
    struct sl_test_problem p = {0};
    sluice_pipeline *pipe;
    sluice_result result;
    sluice_trace trace;
    sluice_diag why;
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    p.config.schedule.devices = 2;
    for (int traced = 0; traced < 2; traced++) {
        p.config.trace = traced;
        ck_assert_int_eq(
            sluice_pipeline_create(&p.config, p.model, &pipe, NULL), SLUICE_OK);
        ck_assert_int_eq(sluice_pipeline_trace(pipe, &trace, &why),
                         SLUICE_INVALID);
        ck_assert_int_gt(strlen(why.text), 10);
        sluice_pipeline_step(pipe, p.x, p.targets, BATCH, &result, NULL);
        ck_assert_int_eq(sluice_pipeline_trace(pipe, &trace, &why),
                         traced ? SLUICE_OK : SLUICE_INVALID);
        sluice_pipeline_destroy(pipe);
    }
    sl_test_problem_fini(&p);
}
END_TEST

/* The cells: F, I, W and R take a set time, so the shares are known. */
START_TEST(timed_cells_fill_their_time)
{
    enum { CELL = 2000000 };
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_trace trace;
    sluice_result result;
    sluice_time_share devices[2], all;
    float x[4] = {1, 2, 3, 4};
    sluice_timed_config cell = {CELL, CELL, CELL, CELL};
    ck_assert_int_eq(
        sluice_model_create(
            &(sluice_model_config){sluice_shape_vector(1), NULL}, &model, NULL),
        SLUICE_OK);
    for (int i = 0; i < 2; i++)
        sluice_model_add(model, sluice_timed(), &cell, NULL);
    sluice_sgd_config sgd = {.learning_rate = 1};
    sluice_pipeline_config config = {
        .schedule = {.devices = 2, .microbatches = 4},
        .batch = 4,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .trace = true,
    };
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_pipeline_step(pipe, x, x, 4, &result, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_pipeline_trace(pipe, &trace, NULL), SLUICE_OK);
    sluice_trace_account(&trace, devices, &all);
    for (int d = 0; d < 2; d++)
        ck_assert_int_ge(devices[d].busy_ns, 4 * 3 * CELL);
    ck_assert_int_ge(all.makespan_ns, (4 + 1) * 3 * CELL);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

enum { CELL_NS = 5000000, MOST = 16, MOST_STEPS = 20 };

/* The bubble of a further step by the virtual clock. */
static double virtual_bubble(sluice_pipeline *pipe, int microbatches)
{
    static const float x[MOST] = {1, 2, 3};
    static sluice_trace_event storage[MOST * (2 * MOST + 1)];
    const sluice_trace_event *events[MOST];
    sluice_trace trace, own_cores;
    sluice_time_share share;
    ck_assert(!sluice_pipeline_step(pipe, x, x, microbatches, NULL, NULL));
    ck_assert(!sluice_pipeline_trace(pipe, &trace, NULL));
    sluice_trace_virtual(&trace, storage, events, &own_cores);
    sluice_trace_account(&own_cores, NULL, &share);
    return share.bubble;
}

/* One row for each micro-batch through `devices` cells, step by step until the
 * bubble is the formula's. */
static void check_formula(int devices, int microbatches)
{
    const sluice_timed_config cell = {CELL_NS, CELL_NS, CELL_NS, CELL_NS};
    const sluice_model_config shape = {.input = sluice_shape_vector(1)};
    const sluice_sgd_config sgd = {.learning_rate = 0.1};
    const sluice_pipeline_config config = {
        .schedule = {.devices = devices, .microbatches = microbatches},
        .batch = microbatches,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .trace = true,
    };
    sluice_model *model;
    sluice_pipeline *pipe;
    double formula = sluice_bubble_formula(devices, microbatches), bubble = -1;
    ck_assert(!sluice_model_create(&shape, &model, NULL));
    for (int i = 0; i < devices; i++)
        ck_assert(!sluice_model_add(model, sluice_timed(), &cell, NULL));
    ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
    for (int i = 0; i < MOST_STEPS && fabs(bubble - formula) > 0.01; i++)
        bubble = virtual_bubble(pipe, microbatches);
    ck_assert_double_eq_tol(bubble, formula, 0.01);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

/*
 * The virtual clock does not see what else the machine does: with any number
 * of cores it finds the formula's bubble.  A point is for the CPU time that an
 * action takes beside its cells: switches of thread and cold caches cost each
 * action 10 us, on a busy machine some of them 150.  Of cells of 5 ms that is
 * little; of 1 ms it would be a point.  A single action that lost more, as to
 * an interrupt, spoils its step only.
 */
START_TEST(the_virtual_clock_finds_the_formula_on_any_machine)
{
    static const int devices[] = {2, 4, MOST};
    for (int k = 0; k < 3; k++)
        for (int m = 1; m <= MOST; m *= 4)
            check_formula(devices[k], m);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.trace", events_are_the_schedules_actions_in_order,
                 a_partial_mini_batch_is_traced_too,
                 there_is_no_trace_unless_asked_for_or_before_a_step,
                 timed_cells_fill_their_time,
                 the_virtual_clock_finds_the_formula_on_any_machine)
