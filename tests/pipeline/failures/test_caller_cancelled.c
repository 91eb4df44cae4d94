/*
 * pthread_cancel(): no call of the library ends before it returns, so a host
 * that cancels its threads finds every object as another call left it.  Neither
 * can user code end a device by cancelling the thread that runs it.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include <cblas.h>

#include "support/judged_pair.h"
#include "support/runner.h"

enum { LAYERS = 4, BATCH = 6, MICROBATCHES = 3, HOST = 2 };

/* A thread of the host that makes one call, and is cancelled inside it. */
struct victim {
    struct sl_test_problem problem;
    struct sl_test_pair pair;
    sluice_pipeline *other; /* that which `create` makes */
    pthread_t thread;
    sem_t inside;    /* some layer has been reached */
    sem_t cancelled; /* pthread_cancel() has returned */
    atomic_bool armed;
    sluice_status (*call)(struct victim *v);
    sluice_status status; /* of the call; read after join */
    bool returned;        /* read after join */
};

/* In the first pass: be cancelled, and go where a cancelled thread ends. */
static sluice_status wait_inside(void *context, const struct sl_test_cell *cell)
{
    struct victim *v = context;
    (void)cell;
    if (atomic_exchange(&v->armed, false)) {
        sem_post(&v->inside);
        while (sem_wait(&v->cancelled))
            ;
    }
    pthread_testcancel();
    return SLUICE_OK;
}

/* AddressSanitizer does not see frames being left by a cancellation, and takes
 * what the thread's end writes there for an overflow. */
#if defined(__SANITIZE_ADDRESS__)
void __asan_handle_no_return(void);
#endif
static void leave_frames(void *context)
{
    (void)context;
#if defined(__SANITIZE_ADDRESS__)
    __asan_handle_no_return();
#endif
}

static void *be_cancelled(void *context)
{
    struct victim *v = context;
    pthread_cleanup_push(leave_frames, NULL);
    v->status = v->call(v);
    v->returned = true;
    pthread_testcancel();
    pthread_cleanup_pop(0);
    return NULL;
}

static sluice_status call_step(struct victim *v)
{
    return sluice_pipeline_step(v->pair.pipe, v->problem.x, v->problem.targets,
                                BATCH, NULL, NULL);
}

static sluice_status call_evaluate(struct victim *v)
{
    return sluice_pipeline_evaluate(v->pair.pipe, v->problem.x,
                                    v->problem.targets, BATCH, NULL, NULL);
}

static sluice_status call_reference(struct victim *v)
{
    return sluice_reference_step(v->pair.ref, v->problem.x, v->problem.targets,
                                 BATCH, NULL, NULL);
}

/* A cut by time runs the layers in the caller's thread. */
static sluice_status call_create(struct victim *v)
{
    sluice_pipeline_config config = v->problem.config;
    config.cut = SLUICE_CUT_TIME;
    sluice_status st =
        sluice_pipeline_create(&config, v->problem.model, &v->other, NULL);
    if (!st)
        sluice_pipeline_destroy(v->other);
    return st;
}

static void begin(struct victim *v, sluice_status (*call)(struct victim *v))
{
    *v = (struct victim){.call = call};
    v->problem.probe = (struct sl_test_probe){wait_inside, v};
    sem_init(&v->inside, 0, 0);
    sem_init(&v->cancelled, 0, 0);
    sl_test_problem_init(&v->problem, SL_TEST_MIXED, LAYERS, BATCH, NULL);
    v->problem.config.schedule.devices = 2;
    v->problem.config.schedule.microbatches = MICROBATCHES;
    openblas_set_num_threads(HOST);
    ck_assert_int_eq(
        sl_test_pair_init(&v->pair, &v->problem, &v->problem.config),
        SLUICE_OK);
}

static void cancel_inside(struct victim *v)
{
    void *result;
    atomic_store(&v->armed, true);
    ck_assert_int_eq(pthread_create(&v->thread, NULL, be_cancelled, v), 0);
    sem_wait(&v->inside);
    ck_assert_int_eq(pthread_cancel(v->thread), 0);
    sem_post(&v->cancelled);
    pthread_join(v->thread, &result);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    ck_assert(v->returned);
    ck_assert_int_eq(v->status, SLUICE_OK);
    ck_assert_int_eq(openblas_get_num_threads(), HOST);
}

static void end(struct victim *v)
{
    sl_test_pair_fini(&v->pair);
    sl_test_problem_fini(&v->problem);
    sem_destroy(&v->inside);
    sem_destroy(&v->cancelled);
}

START_TEST(a_caller_that_is_cancelled_in_a_step_makes_the_whole_step)
{
    struct victim v;
    begin(&v, call_step);
    for (int s = 0; s < 5; s++) {
        cancel_inside(&v);
        ck_assert_int_eq(sluice_reference_step(v.pair.ref, v.problem.x,
                                               v.problem.targets, BATCH, NULL,
                                               NULL),
                         SLUICE_OK);
        ck_assert_msg(!sl_test_parameters(&v.pair), "%s", v.pair.text);
        ck_assert_msg(!sl_test_step(&v.pair, 0, BATCH), "%s", v.pair.text);
    }
    end(&v);
}
END_TEST

START_TEST(so_does_one_in_any_other_call)
{
    static sluice_status (*const calls[])(struct victim * v) = {
        call_evaluate, call_create, call_reference};
    for (int i = 0; i < 3; i++) {
        struct victim v;
        begin(&v, calls[i]);
        cancel_inside(&v);
        if (calls[i] == call_reference)
            ck_assert_int_eq(call_step(&v), SLUICE_OK);
        ck_assert_msg(!sl_test_step(&v.pair, 0, BATCH), "%s", v.pair.text);
        end(&v);
    }
}
END_TEST

/* No other cancellation point than the step. */
static sluice_status call_steps(struct victim *v)
{
    sluice_status st = SLUICE_OK;
    while (!st)
        st = call_step(v);
    return st;
}

START_TEST(a_thread_that_does_nothing_but_step_can_be_cancelled)
{
    struct victim v;
    void *result;
    begin(&v, call_steps);
    atomic_store(&v.armed, true);
    ck_assert_int_eq(pthread_create(&v.thread, NULL, be_cancelled, &v), 0);
    sem_wait(&v.inside);
    ck_assert_int_eq(pthread_cancel(v.thread), 0);
    sem_post(&v.cancelled);
    pthread_join(v.thread, &result);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    ck_assert_int_eq(openblas_get_num_threads(), HOST);
    ck_assert_uint_eq(sluice_pipeline_n_steps(v.pair.pipe), 1);
    ck_assert_int_eq(call_step(&v), SLUICE_OK);
    end(&v);
}
END_TEST

START_TEST(a_call_leaves_the_callers_cancellation_as_it_was)
{
    struct victim v;
    begin(&v, call_step);
    const int states[] = {PTHREAD_CANCEL_DISABLE, PTHREAD_CANCEL_ENABLE};
    for (int i = 0; i < 2; i++) {
        int is;
        pthread_setcancelstate(states[i], NULL);
        ck_assert_int_eq(call_step(&v), SLUICE_OK);
        ck_assert_int_eq(call_evaluate(&v), SLUICE_OK);
        ck_assert_int_eq(call_create(&v), SLUICE_OK);
        ck_assert_int_eq(call_reference(&v), SLUICE_OK);
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &is);
        ck_assert_int_eq(is, states[i]);
    }
    end(&v);
}
END_TEST

static sluice_status cancel_oneself(void *context,
                                    const struct sl_test_cell *cell)
{
    atomic_int *n = context;
    (void)cell;
    atomic_fetch_add(n, 1);
    pthread_cancel(pthread_self());
    pthread_testcancel();
    return SLUICE_OK;
}

START_TEST(a_layer_cannot_cancel_its_device)
{
    struct sl_test_problem problem = {0};
    sluice_pipeline *pipe;
    atomic_int n = 0;
    problem.probe = (struct sl_test_probe){cancel_oneself, &n};
    sl_test_problem_init(&problem, SL_TEST_MIXED, LAYERS, BATCH, NULL);
    problem.config.schedule.devices = 2;
    problem.config.schedule.microbatches = MICROBATCHES;
    ck_assert_int_eq(
        sluice_pipeline_create(&problem.config, problem.model, &pipe, NULL),
        SLUICE_OK);
    for (int s = 0; s < 3; s++)
        ck_assert_int_eq(sluice_pipeline_step(pipe, problem.x, problem.targets,
                                              BATCH, NULL, NULL),
                         SLUICE_OK);
    ck_assert_int_gt(n, 0);
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.caller_cancelled",
                 a_caller_that_is_cancelled_in_a_step_makes_the_whole_step,
                 so_does_one_in_any_other_call,
                 a_thread_that_does_nothing_but_step_can_be_cancelled,
                 a_call_leaves_the_callers_cancellation_as_it_was,
                 a_layer_cannot_cancel_its_device)
