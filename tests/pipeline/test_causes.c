/*
 * Causes of idle time, put into runs of a real pipeline, are found under their
 * names.  Preemption, hand-off and update are on the wall clock: a busy machine
 * adds to them, so that what was put in is a lower bound.  How devices wait for
 * each other it changes altogether; a slow stage and a full queue are therefore
 * judged by the virtual clock, from both sides.  CPU time is on that clock also
 * if it is lost to cold caches and interrupts: a step in which much was lost is
 * made again.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include <sluice/attribution.h>
#include <sluice/watch.h>

#include "base/clock.h"
#include "support/problem.h"
#include "support/runner.h"

enum {
    MS = 1000000,
    MOST_DEVICES = 3,
    MOST_M = 8,
    MOST_EVENTS = 60,
    MOST_TRIES = 50
};

/* What happens at the end of one forward or backward, besides its cell. */
struct hiccup {
    int kind; /* SLUICE_F or SLUICE_B */
    int microbatch;
    int64_t ns;      /* it takes longer, which is part of its work; */
    int64_t held_ns; /* it is held off its core, which is not; */
    int64_t hold_ns; /* or the thread of `listener` is, while it waits */
};

/* A timed layer of which one micro-batch is different. */
struct cell {
    sluice_timed_config timed; /* first: its functions see no more */
    struct hiccup hiccup;
    bool listens; /* its thread is the listener */
};

static sluice_pipeline *stepped; /* const while it steps */
static pthread_t listener;
static atomic_int n_heard;  /* forwards that it has done */
static atomic_bool is_held; /* it is in the handler of the signal */
static _Atomic int64_t release_ns;

static void sleep_until(int64_t end_ns)
{
    struct timespec end = {end_ns / 1000000000, end_ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL)) {
    }
}

static void hold(int signal)
{
    (void)signal;
    atomic_store(&is_held, true);
    sleep_until(atomic_load(&release_ns));
}

/* Hold the listener, device 1, in its queue, from before this action ends: what
 * it waits for there is the result of this action. */
static void hold_listener(int64_t ns, int microbatch)
{
    sluice_activity activity;
    while (atomic_load(&n_heard) < microbatch)
        sched_yield();
    do {
        sched_yield();
        sluice_pipeline_activity(stepped, 1, &activity);
    } while (activity.doing != SLUICE_WAITS_INPUT ||
             activity.microbatch != microbatch);
    atomic_store(&release_ns, sl_now_ns() + ns);
    pthread_kill(listener, SIGUSR1);
    while (!atomic_load(&is_held))
        sched_yield();
}

static void hiccup(const sluice_layer_call *call, int kind)
{
    const struct hiccup *h = &((const struct cell *)call->config)->hiccup;
    if (call->step == 0 || h->kind != kind || h->microbatch != call->first_row)
        return;
    int64_t cpu_ns = sl_thread_cpu_ns();
    sleep_until(sl_now_ns() + h->ns + h->held_ns);
    if (h->ns)
        *call->off_core_ns += h->ns - (sl_thread_cpu_ns() - cpu_ns);
    if (h->hold_ns)
        hold_listener(h->hold_ns, h->microbatch);
}

static sluice_status forward(const sluice_layer_call *call)
{
    const struct cell *cell = call->config;
    sluice_status st = sluice_timed()->forward(call);
    hiccup(call, SLUICE_F);
    if (cell->listens) {
        /* Devices block all signals; this one lets itself be disturbed. */
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, SIGUSR1);
        pthread_sigmask(SIG_UNBLOCK, &one, NULL);
        listener = pthread_self();
        atomic_store(&n_heard, (int)call->first_row + 1);
    }
    return st;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    sluice_status st = sluice_timed()->backward_weight(call);
    hiccup(call, SLUICE_B);
    return st;
}

/* A run of two steps, of which the second is looked at; and more, if that was
 * disturbed. */
struct run {
    int devices, microbatches, capacity;
    struct cell cells[MOST_DEVICES];
    const sluice_optimizer_ops *optimizer; /* NULL: plain */

    sluice_trace trace, own_cores; /* on both clocks */
    sluice_trace_event storage[MOST_EVENTS];
    const sluice_trace_event *events[MOST_DEVICES];
    sluice_model *model;
    sluice_pipeline *pipe;
};

static sluice_model *make_model(const struct run *run)
{
    sluice_layer_ops ops = *sluice_timed();
    sluice_model_config shape = {.input = sluice_shape_vector(1)};
    sluice_model *model;
    static sluice_layer_ops with_hiccup;
    ops.name = "hiccup";
    ops.config_bytes = sizeof(struct cell);
    ops.forward = forward;
    ops.backward_weight = backward_weight;
    with_hiccup = ops;
    ck_assert(!sluice_model_create(&shape, &model, NULL));
    for (int d = 0; d < run->devices; d++)
        ck_assert(!sluice_model_add(model, &with_hiccup, &run->cells[d], NULL));
    return model;
}

static void make_step(struct run *run)
{
    static const float x[MOST_M] = {1, 2, 3};
    ck_assert(
        !sluice_pipeline_step(run->pipe, x, x, run->microbatches, NULL, NULL));
    ck_assert(!sluice_pipeline_trace(run->pipe, &run->trace, NULL));
    sluice_trace_virtual(&run->trace, run->storage, run->events,
                         &run->own_cores);
}

static void run_steps(struct run *run)
{
    sluice_sgd_config sgd = {.learning_rate = 0.1};
    sluice_pipeline_config config = {
        .schedule = {.devices = run->devices,
                     .microbatches = run->microbatches},
        .batch = run->microbatches,
        .queue_capacity = run->capacity,
        .cut = SLUICE_CUT_UNIFORM,
        .loss = sluice_mean_squared_error(),
        .optimizer = run->optimizer ? run->optimizer : sluice_sgd(),
        .optimizer_config = &sgd,
        .trace = true,
    };
    run->model = make_model(run);
    ck_assert(!sluice_pipeline_create(&config, run->model, &run->pipe, NULL));
    stepped = run->pipe;
    make_step(run);
    make_step(run);
}

static void run_fini(struct run *run)
{
    sluice_pipeline_destroy(run->pipe);
    sluice_model_destroy(run->model);
}

/* busy + causes = K x step, exactly. */
static void check_identity(const sluice_idle *all, const sluice_trace *trace)
{
    int64_t sum = all->busy_ns;
    for (int c = 0; c < SLUICE_N_IDLE_CAUSES; c++) {
        ck_assert_int_ge(all->cause_ns[c], 0);
        sum += all->cause_ns[c];
    }
    ck_assert_int_eq(sum, trace->n_devices * (trace->end_ns - trace->start_ns));
    ck_assert_int_eq(sum, all->total_ns);
}

/* The causes of `device`, or of all if that is -1. */
static sluice_idle causes_of(const sluice_trace *trace, int device)
{
    sluice_idle devices[MOST_DEVICES];
    sluice_attribution out;
    ck_assert(!sluice_trace_attribute(trace, NULL, devices, &out, NULL));
    check_identity(&out.all, trace);
    return device < 0 ? out.all : devices[device];
}

static void check_found(const sluice_idle *idle, sluice_idle_cause cause,
                        int64_t injected_ns)
{
    ck_assert_msg((double)idle->cause_ns[cause] >= 0.95 * (double)injected_ns,
                  "%g ms found as %s, %g put in",
                  (double)idle->cause_ns[cause] / MS,
                  sluice_idle_cause_name(cause), (double)injected_ns / MS);
}

/* Found by the virtual clock, and nothing else taken for it, in some step. */
static void check_just_that(struct run *run, int device,
                            sluice_idle_cause cause, int64_t injected_ns)
{
    sluice_idle idle = causes_of(&run->own_cores, device);
    for (int i = 0;
         i < MOST_TRIES && (idle.cause_ns[cause] > injected_ns * 21 / 20 ||
                            idle.cause_ns[cause] < injected_ns * 19 / 20);
         i++) {
        make_step(run);
        idle = causes_of(&run->own_cores, device);
    }
    check_found(&idle, cause, injected_ns);
    ck_assert_int_le(idle.cause_ns[cause], injected_ns * 21 / 20);
}

static struct cell even_cell(int64_t ns)
{
    return (struct cell){.timed = {ns, ns, ns, ns}};
}

/* The others wait for it with all micro-batches but one, both ways. */
START_TEST(a_slow_stage_is_imbalance)
{
    enum { CELL = 5 * MS, MORE = 5 * MS, M = 8 };
    for (int slow = 0; slow < 3; slow++) {
        struct run run = {.devices = 3, .microbatches = M, .capacity = M};
        for (int d = 0; d < 3; d++)
            run.cells[d] = even_cell(CELL + (d == slow ? MORE : 0));
        run_steps(&run);
        check_just_that(&run, -1, SLUICE_IDLE_IMBALANCE,
                        2 * (M - 1) * 3 * MORE);
        causes_of(&run.trace, -1);
        run_fini(&run);
    }
}
END_TEST

/*
 * Device 1 once takes longer.  Device 0 fills the queue of one place, which
 * takes it a cell, and waits for room.  It takes as much longer in its last
 * backward, so that no device is the slower one.
 */
START_TEST(a_full_queue_is_back_pressure)
{
    enum { CELL = 5 * MS, LONGER = 60 * MS };
    struct run run = {.devices = 2, .microbatches = 8, .capacity = 1};
    run.cells[0] = run.cells[1] = even_cell(CELL);
    run.cells[1].hiccup = (struct hiccup){SLUICE_F, 2, .ns = LONGER};
    run.cells[0].hiccup = (struct hiccup){SLUICE_B, 0, .ns = LONGER};
    run_steps(&run);
    check_just_that(&run, 0, SLUICE_IDLE_BACK_PRESSURE, LONGER - CELL);
    causes_of(&run.trace, -1);
    run_fini(&run);
}
END_TEST

START_TEST(a_layer_held_off_its_core_is_preempted)
{
    enum { CELL = 2 * MS, HELD = 50 * MS };
    for (int device = 0; device < 2; device++) {
        struct run run = {.devices = 2, .microbatches = 4};
        run.cells[0] = run.cells[1] = even_cell(CELL);
        run.cells[device].hiccup =
            (struct hiccup){device ? SLUICE_F : SLUICE_B, 2, .held_ns = HELD};
        run_steps(&run);
        sluice_idle idle = causes_of(&run.trace, device);
        check_found(&idle, SLUICE_IDLE_PREEMPTION, HELD);
        /* With a core of its own it would not have been. */
        idle = causes_of(&run.own_cores, -1);
        ck_assert_int_eq(idle.cause_ns[SLUICE_IDLE_PREEMPTION], 0);
        for (int i = 0; i < MOST_TRIES && run.own_cores.end_ns >= HELD; i++)
            make_step(&run);
        ck_assert_int_lt(run.own_cores.end_ns, HELD);
        run_fini(&run);
    }
}
END_TEST

static const sluice_trace_event *forward_of(const struct run *run, int device,
                                            int microbatch)
{
    const sluice_trace_event *e = run->trace.events[device];
    while (e->action.kind != SLUICE_F || e->action.microbatch != microbatch)
        e++;
    return e;
}

/* A signal's handler keeps device 1 from seeing what has arrived. */
START_TEST(a_device_that_wakes_up_late_is_a_hand_off)
{
    enum { CELL = 2 * MS, LATE = 60 * MS, HELD = 2 };
    struct sigaction action = {.sa_handler = hold, .sa_flags = SA_RESTART}, old;
    struct run run = {.devices = 2, .microbatches = 4};
    ck_assert(!sigaction(SIGUSR1, &action, &old));
    run.cells[0] = run.cells[1] = even_cell(CELL);
    run.cells[0].hiccup = (struct hiccup){SLUICE_F, HELD, .hold_ns = LATE};
    run.cells[1].listens = true;
    run_steps(&run);
    sigaction(SIGUSR1, &old, NULL);
    int64_t made_ns = forward_of(&run, 0, HELD)->end_ns;
    ck_assert_int_ge(forward_of(&run, 1, HELD)->start_ns,
                     atomic_load(&release_ns));
    sluice_idle idle = causes_of(&run.trace, 1);
    check_found(&idle, SLUICE_IDLE_HAND_OFF,
                atomic_load(&release_ns) - made_ns);
    run_fini(&run);
}
END_TEST

enum { OBJECTION = 40 * MS };

static _Atomic int64_t objected_ns; /* when the last objection was over */

static sluice_status think(const sluice_optimizer_call *call)
{
    (void)call;
    sleep_until(sl_now_ns() + OBJECTION);
    atomic_store(&objected_ns, sl_now_ns());
    return SLUICE_OK;
}

static sluice_status think_of_layer_0(const sluice_optimizer_call *call)
{
    return call->layer == 0 ? think(call) : SLUICE_OK;
}

/* For how long a device waited, at least, when the last objection was over:
 * from its last action, an update, if it was ahead of the commit; else from its
 * arrival at the commit.  While device 0 computes, it waits for that. */
static int64_t waited_ns(const struct run *run, int device)
{
    const sluice_trace *trace = &run->trace;
    const sluice_trace_event *last =
        &trace->events[device][trace->n_events[device] - 1];
    int64_t from = last->output_wait_ns ? last->end_ns
                                        : last->start_ns - last->input_wait_ns;
    int64_t computed = trace->events[0][trace->n_events[0] - 2].end_ns;
    return atomic_load(&objected_ns) - (from > computed ? from : computed);
}

START_TEST(a_device_that_votes_late_is_update_there_and_commit_elsewhere)
{
    sluice_optimizer_ops slow = *sluice_sgd();
    struct run run = {.devices = 3, .microbatches = 4, .optimizer = &slow};
    slow.name = "slow";
    slow.prepare = think_of_layer_0;
    for (int d = 0; d < 3; d++)
        run.cells[d] = even_cell(2 * MS);
    run_steps(&run);
    sluice_idle idle = causes_of(&run.trace, 0);
    check_found(&idle, SLUICE_IDLE_UPDATE, OBJECTION);
    ck_assert_int_le(idle.cause_ns[SLUICE_IDLE_COMMIT],
                     run.trace.end_ns - atomic_load(&objected_ns));
    for (int d = 1; d < 3; d++) {
        idle = causes_of(&run.trace, d);
        check_found(&idle, SLUICE_IDLE_COMMIT, waited_ns(&run, d));
    }
    run_fini(&run);
}
END_TEST

/* The devices that prepare first wait for the last to commit. */
START_TEST(a_slow_optimizer_is_update_and_commit)
{
    sluice_optimizer_ops slow = *sluice_sgd();
    struct run run = {.devices = 3, .microbatches = 4, .optimizer = &slow};
    slow.name = "slow";
    slow.prepare = think;
    for (int d = 0; d < 3; d++)
        run.cells[d] = even_cell(2 * MS);
    run_steps(&run);
    /* The devices before may prepare while the last ones still compute. */
    sluice_idle idle = causes_of(&run.trace, 0);
    check_found(&idle, SLUICE_IDLE_UPDATE, OBJECTION);
    idle = causes_of(&run.trace, -1);
    idle.cause_ns[SLUICE_IDLE_UPDATE] += idle.cause_ns[SLUICE_IDLE_COMMIT];
    check_found(&idle, SLUICE_IDLE_UPDATE, 3 * OBJECTION);
    run_fini(&run);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.causes", a_slow_stage_is_imbalance,
                 a_full_queue_is_back_pressure,
                 a_layer_held_off_its_core_is_preempted,
                 a_device_that_wakes_up_late_is_a_hand_off,
                 a_device_that_votes_late_is_update_there_and_commit_elsewhere,
                 a_slow_optimizer_is_update_and_commit)
