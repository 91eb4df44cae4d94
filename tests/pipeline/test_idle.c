/*
 * How devices wait: without a job they sleep, and no wake-up that the system
 * loses makes anything hang.
 */
#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "pipeline/pipeline.h"
#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"

enum { LAYERS = 8, BATCH = 8, MAX_TASKS = 256 };

/* The linker sends the library's calls here. */
int __real_pthread_cond_signal(pthread_cond_t *cond);
int __wrap_pthread_cond_signal(pthread_cond_t *cond);
int __real_pthread_cond_broadcast(pthread_cond_t *cond);
int __wrap_pthread_cond_broadcast(pthread_cond_t *cond);

static atomic_int lose_each; /* [atomic] of the signals, each so-manieth */
static atomic_int n_signals; /* [atomic] */
static atomic_int n_lost;    /* [atomic] */

int __wrap_pthread_cond_signal(pthread_cond_t *cond)
{
    int each = atomic_load(&lose_each);
    if (!each || atomic_fetch_add(&n_signals, 1) % each)
        return __real_pthread_cond_signal(cond);
    atomic_fetch_add(&n_lost, 1);
    return 0;
}

/* By which resting devices are roused: of these each second one is lost. */
int __wrap_pthread_cond_broadcast(pthread_cond_t *cond)
{
    static atomic_int n;
    if (!atomic_load(&lose_each) || atomic_fetch_add(&n, 1) % 2)
        return __real_pthread_cond_broadcast(cond);
    return 0;
}

/* Threads of the process, by the kernel's numbers. */
struct tasks {
    int n;
    int tid[MAX_TASKS];
};

static struct tasks tasks_now(void)
{
    struct tasks tasks = {0};
    DIR *d = opendir("/proc/self/task");
    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.' && tasks.n < MAX_TASKS)
            tasks.tid[tasks.n++] = atoi(e->d_name);
    closedir(d);
    return tasks;
}

static bool has(const struct tasks *tasks, int tid)
{
    for (int i = 0; i < tasks->n; i++)
        if (tasks->tid[i] == tid)
            return true;
    return false;
}

/* How often a thread has gone to sleep. */
static long n_sleeps(int tid)
{
    char line[128];
    long n = -1;
    snprintf(line, sizeof line, "/proc/self/task/%d/status", tid);
    FILE *file = fopen(line, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file))
        sscanf(line, "voluntary_ctxt_switches: %ld", &n);
    fclose(file);
    ck_assert_int_ge(n, 0);
    return n;
}

static void look_on_for_a_second(void)
{
    struct timespec left = {.tv_sec = 1};
    while (nanosleep(&left, &left))
        ;
}

START_TEST(devices_without_a_job_do_not_wake)
{
    struct sl_test_problem problem;
    sluice_pipeline *pipe;
    sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH, NULL);
    problem.config.schedule.devices = LAYERS;
    problem.config.schedule.microbatches = 4;
    problem.config.pinning = SLUICE_PIN_OFF;
    const struct tasks before = tasks_now();
    ck_assert_int_eq(
        sluice_pipeline_create(&problem.config, problem.model, &pipe, NULL),
        SLUICE_OK);
    ck_assert_int_eq(sluice_pipeline_step(pipe, problem.x, problem.targets,
                                          BATCH, NULL, NULL),
                     SLUICE_OK);
    const struct tasks after = tasks_now();
    long sleeps[MAX_TASKS];
    int n = 0;
    for (int i = 0; i < after.n; i++)
        sleeps[i] = n_sleeps(after.tid[i]);
    look_on_for_a_second();
    for (int i = 0; i < after.n; i++)
        if (!has(&before, after.tid[i])) {
            /* Looking again each 100 ms would make ten. */
            ck_assert_int_lt(n_sleeps(after.tid[i]) - sleeps[i], 5);
            n++;
        }
    ck_assert_int_ge(n, LAYERS);
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&problem);
}
END_TEST

START_TEST(lost_signals_delay_and_do_no_more)
{
    static const int each[] = {1, 2, 3, 10, 100};
    for (int i = 0; i < 5; i++) {
        struct sl_test_problem problem;
        struct sl_test_pair pair;
        if (sl_test_skips())
            continue;
        sl_test_problem_init(&problem, SL_TEST_RELU, 3, BATCH, NULL);
        problem.config.schedule.devices = 3;
        problem.config.schedule.microbatches = 2;
        problem.config.queue_capacity = 1;
        problem.config.spin_ns = -1; /* park at once: signals matter */
        atomic_store(&n_signals, 0);
        atomic_store(&n_lost, 0);
        atomic_store(&lose_each, each[i]);
        ck_assert_int_eq(sl_test_pair_init(&pair, &problem, &problem.config),
                         SLUICE_OK);
        long wrong = 0;
        do
            wrong += sl_test_step(&pair, 0, BATCH);
        while (atomic_load(&n_lost) < 3);
        sl_test_pair_fini(&pair); /* the devices must hear that they quit */
        atomic_store(&lose_each, 0);
        ck_assert_int_eq(wrong, 0);
        sl_test_problem_fini(&problem);
    }
}
END_TEST

/* What a device looks at while it rests, it looks at under its gate's lock. */
static void rest_as_after(sluice_pipeline *pipe, unsigned n_jobs)
{
    for (int i = 0; i < pipe->n_local; i++) {
        while (!atomic_load(&pipe->devices[i].gate.waiters))
            sched_yield();
        pthread_mutex_lock(&pipe->devices[i].gate.mu);
    }
    atomic_store(&pipe->crew->job_no, n_jobs);
    for (int i = 0; i < pipe->n_local; i++) {
        pipe->devices[i].last_job = n_jobs;
        pthread_mutex_unlock(&pipe->devices[i].gate.mu);
    }
}

START_TEST(numbers_of_jobs_may_wrap)
{
    struct sl_test_problem problem;
    struct sl_test_pair pair;
    sl_test_problem_init(&problem, SL_TEST_RELU, 3, BATCH, NULL);
    problem.config.schedule.devices = 3;
    problem.config.schedule.microbatches = 2;
    problem.config.spin_ns = -1; /* park at once */
    ck_assert_int_eq(sl_test_pair_init(&pair, &problem, &problem.config),
                     SLUICE_OK);
    rest_as_after(pair.pipe, UINT_MAX - 1);
    for (int i = 0; i < 4; i++)
        ck_assert_msg(!sl_test_step(&pair, i, BATCH), "%s", pair.text);
    ck_assert_uint_eq(atomic_load(&pair.pipe->crew->job_no), 2);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.idle", devices_without_a_job_do_not_wake,
                 lost_signals_delay_and_do_no_more, numbers_of_jobs_may_wrap)
