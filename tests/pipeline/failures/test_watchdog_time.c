/*
 * When the watchdog reports, by the wall clock: a layer that stays is reported
 * in time, and layers that are slow are not reported.
 */
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "support/problem.h"
#include "support/runner.h"

enum {
    LAYERS = 4,
    BATCH = 8,
    TIMES = 10,
    LIMIT_MS = 500,
    SOON_MS = 600,
    CALM_S = 60,
    MS = 1000 * 1000,
};

struct stuck {
    sem_t reported;
    atomic_bool armed;
    atomic_int_least64_t since_ns;
    int64_t after_ns;
    int n;
    bool dawdles; /* each cell takes a few milliseconds */
};

static sluice_status wait_there(void *context, const struct sl_test_cell *cell)
{
    struct stuck *s = context;
    if (s->dawdles)
        nanosleep(&(struct timespec){.tv_nsec = 3 * MS}, NULL);
    if (cell->layer == 2 && cell->pass == SL_TEST_INPUT &&
        atomic_exchange(&s->armed, false)) {
        atomic_store(&s->since_ns, sl_now_ns());
        sem_wait(&s->reported);
    }
    return SLUICE_OK;
}

static void note(void *context, sluice_pipeline *pipe,
                 const sluice_activity *activity, int64_t stuck_ns)
{
    struct stuck *s = context;
    (void)pipe;
    (void)activity;
    (void)stuck_ns;
    s->n++;
    s->after_ns = sl_now_ns() - atomic_load(&s->since_ns);
    sem_post(&s->reported);
}

static sluice_pipeline *make(struct sl_test_problem *p, struct stuck *s)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    p->probe = (struct sl_test_probe){wait_there, s};
    ck_assert(!sem_init(&s->reported, 0, 0));
    sl_test_problem_init(p, SL_TEST_PROBE, LAYERS, BATCH, NULL);
    sluice_pipeline_config config = p->config;
    config.schedule.name = "1f1b";
    config.schedule.devices = LAYERS;
    config.schedule.microbatches = BATCH;
    config.watchdog_ns = (int64_t)LIMIT_MS * MS;
    config.on_stuck = note;
    config.stuck_context = s;
    ck_assert_msg(!sluice_pipeline_create(&config, p->model, &pipe, &why), "%s",
                  why.text);
    return pipe;
}

static void step(sluice_pipeline *pipe, const struct sl_test_problem *p)
{
    sluice_diag why;
    ck_assert_msg(
        !sluice_pipeline_step(pipe, p->x, p->targets, BATCH, NULL, &why), "%s",
        why.text);
}

START_TEST(a_limit_of_half_a_second_is_reported_within_0_6_seconds)
{
    struct stuck s = {.n = 0};
    struct sl_test_problem p = {.n_rows = 0};
    sluice_pipeline *pipe = make(&p, &s);
    int64_t latest = 0;
    for (int i = 0; i < TIMES; i++) {
        atomic_store(&s.armed, true);
        step(pipe, &p);
        if (s.after_ns > latest)
            latest = s.after_ns;
    }
    printf("reported after %.0f ms at the latest\n", (double)latest / MS);
    ck_assert_int_eq(s.n, TIMES);
    ck_assert_int_le(latest, (int64_t)SOON_MS * MS);
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&p);
    sem_destroy(&s.reported);
}
END_TEST

START_TEST(layers_that_take_their_time_are_not_reported)
{
    struct stuck s = {.dawdles = true};
    struct sl_test_problem p = {.n_rows = 0};
    sluice_pipeline *pipe = make(&p, &s);
    int64_t end = sl_now_ns() + (int64_t)CALM_S * 1000 * MS;
    while (sl_now_ns() < end)
        step(pipe, &p);
    ck_assert_int_eq(s.n, 0);
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&p);
    sem_destroy(&s.reported);
}
END_TEST

SLUICE_TEST_MAIN("watchdog_time",
                 a_limit_of_half_a_second_is_reported_within_0_6_seconds,
                 layers_that_take_their_time_are_not_reported)
