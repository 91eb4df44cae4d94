/*
 * Cancelling from another thread: at every cell, and when nothing is under way.
 * The cell itself calls for the canceller and waits until it has been heard, so
 * the place is exact.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"
#include "support/version_programs.h"

enum { LAYERS = 4, BATCH = 6, MICROBATCHES = 3 };

/* The cell where the step is cancelled, and the thread that does it. */
struct canceller {
    sem_t called;    /* the cell was reached, or the test is over */
    sem_t cancelled; /* sluice_pipeline_cancel() has returned */
    sluice_pipeline *pipe;
    bool over;    /* written before `called` is posted */
    int delay;    /* times that the canceller yields before; as `over` */
    bool ignored; /* the last mini-batch ran although he was through */
    atomic_int n; /* [atomic] cells reached; the first one calls */
    atomic_bool armed;
    enum sl_test_pass pass;
    int layer;
    int64_t first_row;
};

static void *cancel_when_called(void *context)
{
    struct canceller *c = context;
    for (;;) {
        sem_wait(&c->called);
        if (c->over)
            return NULL;
        for (int i = 0; i < c->delay; i++)
            sched_yield();
        sluice_pipeline_cancel(c->pipe);
        sem_post(&c->cancelled);
    }
}

static sluice_status call_there(void *context, const struct sl_test_cell *cell)
{
    struct canceller *c = context;
    if (!atomic_load(&c->armed) || cell->pass != c->pass ||
        cell->layer != c->layer || cell->first_row != c->first_row)
        return SLUICE_OK;
    atomic_fetch_add(&c->n, 1);
    sem_post(&c->called);
    sem_wait(&c->cancelled);
    return SLUICE_OK;
}

static void cancel_at(struct canceller *c, struct sl_test_pair *pair)
{
    const struct sl_test_problem *p = pair->problem;
    sluice_result result = {.rows = -1};
    sluice_diag why = {0};
    atomic_store(&c->n, 0);
    atomic_store(&c->armed, true);
    sluice_status st = sluice_pipeline_step(pair->pipe, p->x, p->targets, BATCH,
                                            &result, &why);
    atomic_store(&c->armed, false);
    ck_assert_int_eq(c->n, 1);
    ck_assert_msg(st == SLUICE_CANCELLED && why.status == st,
                  "pass %d, layer %d, row %d: %s", (int)c->pass, c->layer,
                  (int)c->first_row, sluice_status_name(st));
    ck_assert_int_eq(result.rows, -1);
    ck_assert_msg(!sl_test_parameters(pair), "%s", pair->text);
    ck_assert_msg(!sl_test_step(pair, 2, BATCH), "%s", pair->text);
}

/* A pipeline that recomputes, with an optimizer that has states. */
static void make_pair(struct sl_test_pair *pair, struct sl_test_problem *p,
                      const char *schedule, int devices, int capacity)
{
    sluice_pipeline_config config = p->config;
    bool asynchronous = sl_test_is_asynchronous(schedule);
    p->sgd.momentum = 0.9;
    config.schedule.name = schedule;
    config.schedule.devices = devices;
    config.schedule.microbatches = MICROBATCHES;
    config.remat = SLUICE_REMAT_ALWAYS;
    config.queue_capacity = capacity;
    config.schedule.backward_order =
        asynchronous ? SLUICE_IN_ORDER : SLUICE_REVERSE;
    ck_assert_int_eq(sl_test_pair_init(pair, p, &config), SLUICE_OK);
    ck_assert(!asynchronous ||
              !sl_test_versions(pair, schedule, MICROBATCHES, false, 0));
}

static void cancel_everywhere(const char *schedule, int devices, int capacity)
{
    struct canceller c = {0};
    struct sl_test_problem p = {.probe = {call_there, &c}};
    struct sl_test_pair pair;
    pthread_t thread;
    ck_assert(!sem_init(&c.called, 0, 0) && !sem_init(&c.cancelled, 0, 0));
    sl_test_problem_init(&p, SL_TEST_PROBE, LAYERS, BATCH, NULL);
    make_pair(&pair, &p, schedule, devices, capacity);
    c.pipe = pair.pipe;
    ck_assert(!pthread_create(&thread, NULL, cancel_when_called, &c));
    for (int pass = SL_TEST_FORWARD; pass <= SL_TEST_LOSS_BACKWARD; pass++)
        for (int layer = 0; layer < LAYERS; layer++)
            for (int m = 0; m < MICROBATCHES; m++) {
                c.pass = (enum sl_test_pass)pass;
                c.layer = pass < SL_TEST_LOSS_FORWARD ? layer : -1;
                c.first_row = (int64_t)m * (BATCH / MICROBATCHES);
                if (!sl_test_skips())
                    cancel_at(&c, &pair);
            }
    c.over = true;
    sem_post(&c.called);
    pthread_join(thread, NULL);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&p);
    sem_destroy(&c.called);
    sem_destroy(&c.cancelled);
}

/* Cancels, and then fails on its own account. */
static sluice_status cancel_and_fail(void *context,
                                     const struct sl_test_cell *cell)
{
    struct canceller *c = context;
    if (!atomic_load(&c->armed) || cell->layer != c->layer)
        return SLUICE_OK;
    sluice_pipeline_cancel(c->pipe);
    return sluice_diag_set(cell->why, SLUICE_IO, "too late");
}

START_TEST(what_came_first_is_reported)
{
    struct canceller c = {0};
    struct sl_test_problem p = {.probe = {cancel_and_fail, &c}};
    struct sl_test_pair pair;
    sl_test_problem_init(&p, SL_TEST_PROBE, LAYERS, BATCH, NULL);
    make_pair(&pair, &p, "gpipe", 2, 2);
    c.pipe = pair.pipe;
    for (c.layer = 0; c.layer < LAYERS; c.layer++) {
        sluice_result result;
        sluice_diag why;
        atomic_store(&c.armed, true);
        ck_assert_int_eq(sluice_pipeline_step(pair.pipe, p.x, p.targets, BATCH,
                                              &result, &why),
                         SLUICE_CANCELLED);
        ck_assert_int_eq(why.status, SLUICE_CANCELLED);
        atomic_store(&c.armed, false);
        ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    }
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&p);
}
END_TEST

/* SGD whose look at the gradient cancels the step. */
struct cancelling_sgd {
    sluice_sgd_config sgd; /* first: what SGD's own functions see */
    struct canceller *canceller;
};

static sluice_status cancel_at_update(const sluice_optimizer_call *call)
{
    const struct cancelling_sgd *config = call->config;
    if (atomic_load(&config->canceller->armed))
        sluice_pipeline_cancel(config->canceller->pipe);
    return SLUICE_OK;
}

START_TEST(a_step_cancelled_just_before_the_update_changes_nothing)
{
    for (int devices = 1; devices <= 3; devices++) {
        struct canceller c = {0};
        struct sl_test_problem p = {0};
        struct sl_test_pair pair;
        struct cancelling_sgd sgd = {{.learning_rate = 0.1}, &c};
        sluice_optimizer_ops optimizer = *sluice_sgd();
        optimizer.config_bytes = sizeof sgd;
        optimizer.prepare = cancel_at_update;
        sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
        sluice_pipeline_config config = p.config;
        config.schedule.devices = devices;
        config.schedule.microbatches = MICROBATCHES;
        config.optimizer = &optimizer;
        config.optimizer_config = &sgd;
        ck_assert_int_eq(sl_test_pair_init(&pair, &p, &config), SLUICE_OK);
        c.pipe = pair.pipe;
        for (int i = 0; i < 20; i++) {
            sluice_result result;
            atomic_store(&c.armed, true);
            ck_assert_int_eq(sluice_pipeline_step(pair.pipe, p.x, p.targets,
                                                  BATCH, &result, NULL),
                             SLUICE_CANCELLED);
            atomic_store(&c.armed, false);
            ck_assert_msg(!sl_test_parameters(&pair), "%s", pair.text);
            ck_assert_msg(!sl_test_step(&pair, i % BATCH, BATCH), "%s",
                          pair.text);
        }
        sl_test_pair_fini(&pair);
        sl_test_problem_fini(&p);
    }
}
END_TEST

START_TEST(a_step_cancelled_at_any_cell_changes_nothing)
{
    for (int devices = 1; devices <= LAYERS; devices++)
        for (int capacity = 1; capacity <= 2; capacity++)
            cancel_everywhere("gpipe", devices, capacity);
}
END_TEST

START_TEST(a_cancelled_step_takes_the_updates_that_were_made_back)
{
    for (int devices = 1; devices <= LAYERS; devices++)
        for (int capacity = 1; capacity <= 2; capacity++)
            cancel_everywhere("pipedream", devices, capacity);
}
END_TEST

/* Cancels from within: the device's own thread is a thread like any other. */
static sluice_status cancel_here(void *context, const struct sl_test_cell *cell)
{
    struct canceller *c = context;
    if (atomic_load(&c->armed) && cell->layer == c->layer &&
        cell->first_row == c->first_row)
        sluice_pipeline_cancel(c->pipe);
    return SLUICE_OK;
}

START_TEST(evaluation_and_inference_can_be_cancelled)
{
    struct canceller c = {0};
    struct sl_test_problem p = {.probe = {cancel_here, &c}};
    struct sl_test_pair pair;
    sl_test_problem_init(&p, SL_TEST_PROBE, LAYERS, BATCH, NULL);
    make_pair(&pair, &p, "gpipe", 2, 2);
    c.pipe = pair.pipe;
    for (int layer = 0; layer < LAYERS; layer++) {
        float y[3 * BATCH * 8];
        sluice_result result;
        sluice_diag why;
        c.layer = layer;
        c.first_row = 2;
        atomic_store(&c.armed, true);
        ck_assert_int_eq(sluice_pipeline_evaluate(pair.pipe, p.x, p.targets,
                                                  3 * BATCH, &result, &why),
                         SLUICE_CANCELLED);
        ck_assert_int_eq(
            sluice_pipeline_infer(pair.pipe, p.x, 3 * BATCH, y, &why),
            SLUICE_CANCELLED);
        atomic_store(&c.armed, false);
        ck_assert_int_eq(sl_test_evaluate(&pair, 0, 3 * BATCH), 0);
        ck_assert_int_eq(sl_test_step(&pair, 0, BATCH), 0);
    }
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&p);
}
END_TEST

enum {
    PARTS = 60, /* mini-batches of an inference, a row each */
    N_CANCELS = 2000 / SL_TEST_STRIDE
};

/* The first mini-batch calls for the canceller and goes on at once; the last
 * one sees whether he is through. */
static sluice_status call_in_passing(void *context,
                                     const struct sl_test_cell *cell)
{
    struct canceller *c = context;
    if (cell->layer != c->layer)
        return SLUICE_OK;
    int turn = atomic_fetch_add(&c->n, 1);
    if (turn == 0)
        sem_post(&c->called);
    if (turn == PARTS - 1)
        c->ignored = sem_trywait(&c->cancelled) == 0;
    return SLUICE_OK;
}

START_TEST(a_cancel_between_two_mini_batches_is_not_lost)
{
    struct canceller c = {.layer = LAYERS - 1};
    struct sl_test_problem p = {.probe = {call_in_passing, &c}};
    struct sl_test_pair pair;
    float y[PARTS * 8];
    pthread_t thread;
    ck_assert(!sem_init(&c.called, 0, 0) && !sem_init(&c.cancelled, 0, 0));
    sl_test_problem_init(&p, SL_TEST_PROBE, LAYERS, PARTS / 3, NULL);
    sluice_pipeline_config config = p.config;
    config.batch = 1;
    ck_assert_int_eq(sl_test_pair_init(&pair, &p, &config), SLUICE_OK);
    c.pipe = pair.pipe;
    ck_assert(!pthread_create(&thread, NULL, cancel_when_called, &c));
    int lost = 0;
    for (int i = 0; i < N_CANCELS; i++) {
        atomic_store(&c.n, 0);
        c.ignored = false;
        c.delay = i % 64;
        sluice_status st =
            sluice_pipeline_infer(pair.pipe, p.x, PARTS, y, NULL);
        ck_assert(st == SLUICE_OK || st == SLUICE_CANCELLED);
        if (!c.ignored)
            sem_wait(&c.cancelled);
        lost += st == SLUICE_OK && c.ignored;
    }
    ck_assert_msg(!lost, "%d of %d cancels had no effect", lost, N_CANCELS);
    c.over = true;
    sem_post(&c.called);
    pthread_join(thread, NULL);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&p);
    sem_destroy(&c.called);
    sem_destroy(&c.cancelled);
}
END_TEST

START_TEST(cancelling_an_idle_pipeline_does_nothing)
{
    struct sl_test_problem p = {0};
    struct sl_test_pair pair;
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    sluice_pipeline_config config = p.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = MICROBATCHES;
    ck_assert_int_eq(sl_test_pair_init(&pair, &p, &config), SLUICE_OK);
    for (int i = 0; i < 5; i++) {
        sluice_pipeline_cancel(pair.pipe);
        ck_assert_msg(!sl_test_step(&pair, i, BATCH), "%s", pair.text);
        sluice_pipeline_cancel(pair.pipe);
        ck_assert_msg(!sl_test_evaluate(&pair, i, BATCH), "%s", pair.text);
    }
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&p);
}
END_TEST

/* Cancels again and again until told to end. */
static void *cancel_always(void *context)
{
    struct canceller *c = context;
    while (atomic_load(&c->armed)) {
        sluice_pipeline_cancel(c->pipe);
        sched_yield();
    }
    return NULL;
}

START_TEST(under_a_hail_of_cancels_each_step_is_done_or_not)
{
    struct canceller c = {0};
    struct sl_test_problem p = {0};
    struct sl_test_pair pair;
    pthread_t thread;
    sl_test_problem_init(&p, SL_TEST_DROPOUT, LAYERS, BATCH, NULL);
    sluice_pipeline_config config = p.config;
    config.schedule.devices = 3;
    config.schedule.microbatches = MICROBATCHES;
    ck_assert_int_eq(sl_test_pair_init(&pair, &p, &config), SLUICE_OK);
    c.pipe = pair.pipe;
    atomic_store(&c.armed, true);
    ck_assert(!pthread_create(&thread, NULL, cancel_always, &c));
    for (int i = 0; i < 300; i++) {
        sluice_result result;
        sluice_status st = sluice_pipeline_step(pair.pipe, p.x, p.targets,
                                                BATCH, &result, NULL);
        ck_assert(st == SLUICE_OK || st == SLUICE_CANCELLED);
        if (!st)
            sluice_reference_step(pair.ref, p.x, p.targets, BATCH, NULL, NULL);
        ck_assert_msg(!sl_test_parameters(&pair), "%s", pair.text);
    }
    atomic_store(&c.armed, false);
    pthread_join(thread, NULL);
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&p);
}
END_TEST

static void *cancel_soon(void *context)
{
    struct canceller *c = context;
    for (int i = 0; i < c->delay; i++)
        sched_yield();
    sluice_pipeline_set_cancelled(c->pipe, true);
    return NULL;
}

/* Steps are made until one is cancelled: were it lost, there would be no end.
 */
START_TEST(a_cancellation_that_sticks_is_not_lost_between_two_steps)
{
    struct canceller c = {0};
    struct sl_test_problem p = {.n_rows = 0};
    struct sl_test_pair pair;
    sluice_diag why;
    pthread_t thread;
    float y[64 * BATCH];
    sl_test_problem_init(&p, SL_TEST_PROBE, LAYERS, BATCH, NULL);
    make_pair(&pair, &p, "1f1b", 2, 1);
    c.pipe = pair.pipe;
    for (c.delay = 0; c.delay < 60; c.delay++) {
        sluice_status st = SLUICE_OK;
        ck_assert(!pthread_create(&thread, NULL, cancel_soon, &c));
        while (!st)
            st = sluice_pipeline_step(pair.pipe, p.x, p.targets, BATCH, NULL,
                                      &why);
        pthread_join(thread, NULL);
        ck_assert_int_eq(st, SLUICE_CANCELLED);
        uint64_t n_steps = sluice_pipeline_n_steps(pair.pipe);
        ck_assert_int_eq(
            sluice_pipeline_step(pair.pipe, p.x, p.targets, BATCH, NULL, NULL),
            SLUICE_CANCELLED);
        ck_assert_int_eq(sluice_pipeline_evaluate(pair.pipe, p.x, p.targets,
                                                  BATCH, NULL, NULL),
                         SLUICE_CANCELLED);
        ck_assert_int_le(p.out, 64);
        ck_assert_int_eq(sluice_pipeline_infer(pair.pipe, p.x, BATCH, y, NULL),
                         SLUICE_CANCELLED);
        ck_assert_uint_eq(sluice_pipeline_n_steps(pair.pipe), n_steps);
        sluice_pipeline_set_cancelled(pair.pipe, false);
        ck_assert(!sluice_pipeline_step(pair.pipe, p.x, p.targets, BATCH, NULL,
                                        NULL));
    }
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&p);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.cancel", what_came_first_is_reported,
                 a_cancellation_that_sticks_is_not_lost_between_two_steps,
                 a_step_cancelled_just_before_the_update_changes_nothing,
                 a_step_cancelled_at_any_cell_changes_nothing,
                 a_cancelled_step_takes_the_updates_that_were_made_back,
                 evaluation_and_inference_can_be_cancelled,
                 a_cancel_between_two_mini_batches_is_not_lost,
                 cancelling_an_idle_pipeline_does_nothing,
                 under_a_hail_of_cancels_each_step_is_done_or_not)
