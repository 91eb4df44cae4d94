/*
 * Saving beside training: what is written is what the pipeline had when the
 * save was started, errors come back, and nothing is lost.  The writer's
 * fsync() waits for the test, which so knows that steps are made meanwhile.
 */
#include <sluice/pipeline_state.h>
#include <sluice/saver.h>

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/allocator.h"
#include "support/problem.h"
#include "support/runner.h"
#include "support/same_bytes.h"

enum { LAYERS = 3, BATCH = 4, MAX_FLOATS = 1024 };

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __real_pthread_cond_signal(pthread_cond_t *cond);
int __wrap_pthread_cond_signal(pthread_cond_t *cond);
int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mu);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mu);
int __real_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
                                  const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
                                  const struct timespec *until);
int __real_pthread_join(pthread_t thread, void **result);
int __wrap_pthread_join(pthread_t thread, void **result);

static atomic_int n_lost;     /* [atomic] signals still to be lost */
static atomic_bool holds;     /* [atomic] no wait ends by its time */
static atomic_int n_resting;  /* [atomic] waits without a time, all told */
static atomic_int n_waiting;  /* [atomic] waits with one */
static atomic_int n_open;     /* [atomic] of those, such as may be cancelled */
static atomic_int n_joined;   /* [atomic] threads */
static atomic_int n_unmasked; /* [atomic] fsync() where a signal may come */

int __wrap_pthread_cond_signal(pthread_cond_t *cond)
{
    if (atomic_load(&n_lost) > 0 && atomic_fetch_sub(&n_lost, 1) > 0)
        return 0;
    return __real_pthread_cond_signal(cond);
}

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mu)
{
    atomic_fetch_add(&n_resting, 1);
    return __real_pthread_cond_wait(cond, mu);
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
                                  const struct timespec *until)
{
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_setcancelstate(state, NULL);
    atomic_fetch_add(&n_open, state != PTHREAD_CANCEL_DISABLE);
    atomic_fetch_add(&n_waiting, 1);
    return atomic_load(&holds) ? __real_pthread_cond_wait(cond, mu)
                               : __real_pthread_cond_timedwait(cond, mu, until);
}

int __wrap_pthread_join(pthread_t thread, void **result)
{
    atomic_fetch_add(&n_joined, 1);
    return __real_pthread_join(thread, result);
}

static void note_mask(void)
{
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    atomic_fetch_add(&n_unmasked, !sigismember(&mask, SIGUSR1) ||
                                      !sigismember(&mask, SIGINT) ||
                                      !sigismember(&mask, SIGTERM));
}

static sem_t may_sync;         /* posted for each fsync() that waits */
static atomic_bool sync_waits; /* [atomic] by the test */
static atomic_int sync_fails;  /* [atomic] by the test: an errno */

int __wrap_fsync(int fd)
{
    int error = atomic_load(&sync_fails);
    note_mask();
    if (atomic_load(&sync_waits))
        sem_wait(&may_sync);
    errno = error;
    return error ? -1 : __real_fsync(fd);
}

static char dir[64];
static char first[96], second[96];

struct fixture {
    struct sl_test_problem problem;
    sluice_pipeline *pipe;
    sluice_saver *saver;
};

static void begin(struct fixture *f)
{
    strcpy(dir, "/tmp/sluice-saver-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(first, sizeof first, "%s/first", dir);
    snprintf(second, sizeof second, "%s/second", dir);
    ck_assert(!sem_init(&may_sync, 0, 0));
    atomic_store(&sync_waits, false);
    atomic_store(&sync_fails, 0);
    atomic_store(&n_unmasked, 0);
    *f = (struct fixture){.pipe = NULL};
    sl_test_problem_init(&f->problem, SL_TEST_DROPOUT, LAYERS, BATCH, NULL);
    f->problem.config.schedule.devices = 2;
    f->problem.config.schedule.microbatches = 2;
    ck_assert(!sluice_pipeline_create(&f->problem.config, f->problem.model,
                                      &f->pipe, NULL));
    ck_assert(!sluice_saver_create(f->pipe, NULL, &f->saver, NULL));
}

static void end(struct fixture *f)
{
    sluice_saver_destroy(f->saver);
    sluice_pipeline_destroy(f->pipe);
    sl_test_problem_fini(&f->problem);
    sem_destroy(&may_sync);
    unlink(first);
    unlink(second);
    ck_assert_int_eq(rmdir(dir), 0);
}

static void make_step(struct fixture *f)
{
    ck_assert(!sluice_pipeline_step(f->pipe, sl_test_x(&f->problem, 0),
                                    sl_test_targets(&f->problem, 0), BATCH,
                                    NULL, NULL));
}

static sluice_status start(struct fixture *f, const char *path,
                           sluice_diag *why)
{
    return sluice_saver_start(f->saver, NULL, &path, 1, why);
}

START_TEST(what_was_started_is_written_while_steps_are_made)
{
    struct fixture f;
    sluice_saving saving;
    begin(&f);
    make_step(&f);
    ck_assert(!sluice_checkpoint_save(f.pipe, NULL, first, NULL));
    atomic_store(&sync_waits, true);
    ck_assert(!start(&f, second, NULL));
    for (int i = 0; i < 5; i++)
        make_step(&f);
    ck_assert(sluice_saver_is_busy(f.saver));
    ck_assert_int_ne(access(second, F_OK), 0);
    atomic_store(&sync_waits, false);
    sem_post(&may_sync);
    ck_assert(!sluice_saver_join(f.saver, &saving, NULL));
    ck_assert(!sluice_saver_is_busy(f.saver));
    ck_assert_uint_eq(saving.n_steps, 1);
    ck_assert_int_eq(saving.n_written, 1);
    ck_assert_uint_gt(saving.bytes, 0);
    ck_assert_int_gt(saving.write_ns, 0);
    ck_assert(sl_test_same_bytes(first, second));
    end(&f);
}
END_TEST

START_TEST(the_run_and_the_paths_are_copied_and_all_paths_are_written)
{
    struct fixture f;
    char model[] = "a model", rate[] = "a rate", tokenizer[] = "a tokenizer";
    char names[2][sizeof first];
    const char *paths[] = {names[0], names[1]};
    sluice_run run = {.model = model,
                      .rate = rate,
                      .tokenizer = tokenizer,
                      .position = {.epoch = 7}};
    begin(&f);
    strcpy(names[0], first);
    strcpy(names[1], second);
    atomic_store(&sync_waits, true);
    ck_assert(!sluice_saver_start(f.saver, &run, paths, 2, NULL));
    memset(model, 'x', sizeof model - 1);
    memset(rate, 'x', sizeof rate - 1);
    memset(tokenizer, 'x', sizeof tokenizer - 1);
    memset(names, 'x', sizeof names);
    atomic_store(&sync_waits, false);
    sem_post(&may_sync);
    ck_assert(!sluice_saver_join(f.saver, NULL, NULL));
    ck_assert(sl_test_same_bytes(first, second));
    int n_differences = -1;
    run = (sluice_run){
        .model = "a model", .rate = "a rate", .tokenizer = "a tokenizer"};
    ck_assert(
        !sluice_checkpoint_load(f.pipe, second, &run, &n_differences, NULL));
    ck_assert_int_eq(n_differences, 0);
    ck_assert_int_eq(run.position.epoch, 7);
    end(&f);
}
END_TEST

START_TEST(an_error_of_the_writer_comes_back_and_the_old_file_stays)
{
    struct fixture f;
    sluice_saving saving;
    sluice_diag why;
    const char *paths[] = {first, second};
    begin(&f);
    ck_assert(!start(&f, first, NULL) &&
              !sluice_saver_join(f.saver, NULL, NULL));
    ck_assert(!sluice_checkpoint_save(f.pipe, NULL, second, NULL));
    make_step(&f);
    atomic_store(&sync_fails, EIO);
    ck_assert(!sluice_saver_start(f.saver, NULL, paths, 2, NULL));
    ck_assert_int_eq(sluice_saver_join(f.saver, &saving, &why), SLUICE_IO);
    ck_assert(!sluice_saver_join(f.saver, NULL, NULL)); /* it is told once */
    ck_assert_msg(strstr(why.text, first), "%s", why.text);
    ck_assert_int_eq(saving.n_written, 0);
    ck_assert(sl_test_same_bytes(first, second));
    atomic_store(&sync_fails, 0);
    why.stage = 77;
    ck_assert(!start(&f, first, NULL) &&
              !sluice_saver_join(f.saver, NULL, &why));
    ck_assert_int_eq(why.stage, 77); /* written if it fails only */
    ck_assert(!sl_test_same_bytes(first, second));
    end(&f);
}
END_TEST

START_TEST(what_cannot_be_saved_starts_nothing)
{
    struct fixture f;
    sluice_saving saving;
    sluice_diag why;
    const char *paths[SLUICE_SAVER_PATHS + 1] = {first};
    begin(&f);
    ck_assert(!sluice_saver_join(f.saver, &saving, NULL));
    ck_assert_int_eq(saving.n_written, 0);
    ck_assert(!start(&f, first, NULL));
    ck_assert_int_eq(start(&f, second, &why), SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "sluice_saver_join()"), "%s", why.text);
    ck_assert(!sluice_saver_join(f.saver, NULL, NULL));
    ck_assert_int_eq(sluice_saver_start(f.saver, NULL, paths, 0, NULL),
                     SLUICE_INVALID);
    ck_assert_int_eq(
        sluice_saver_start(f.saver, NULL, paths, SLUICE_SAVER_PATHS + 1, &why),
        SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, " paths; give 1 to "), "%s", why.text);
    ck_assert_int_eq(sluice_saver_start(f.saver, &(sluice_run){.model = "\xff"},
                                        paths, 1, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "is not UTF-8"), "%s", why.text);
    end(&f);
}
END_TEST

START_TEST(destroying_waits_until_it_is_written)
{
    struct fixture f;
    begin(&f);
    ck_assert(!sluice_checkpoint_save(f.pipe, NULL, first, NULL));
    ck_assert(!start(&f, second, NULL));
    sluice_saver_destroy(f.saver);
    f.saver = NULL;
    ck_assert(sl_test_same_bytes(first, second));
    end(&f);
}
END_TEST

START_TEST(parameters_that_are_not_finite_start_nothing)
{
    struct fixture f;
    begin(&f);
    sluice_pipeline_destroy(f.pipe);
    sluice_saver_destroy(f.saver);
    f.problem.config.finite = SLUICE_FINITE_OFF;
    ck_assert(!sluice_pipeline_create(&f.problem.config, f.problem.model,
                                      &f.pipe, NULL));
    ck_assert(!sluice_saver_create(f.pipe, NULL, &f.saver, NULL));
    f.problem.x[0] = NAN;
    make_step(&f);
    ck_assert_int_eq(start(&f, first, NULL), SLUICE_NOT_FINITE);
    ck_assert(!sluice_saver_is_busy(f.saver));
    ck_assert(!sluice_saver_join(f.saver, NULL, NULL));
    end(&f);
}
END_TEST

START_TEST(no_memory_at_any_allocation_is_an_error_without_a_leak)
{
    struct fixture f;
    sluice_status st = SLUICE_NO_MEMORY;
    const char *paths[] = {first};
    const sluice_run run = {.model = "a model"};
    begin(&f);
    for (long at = 1; st; at++) {
        struct sl_test_allocator counted;
        sluice_saver *saver;
        sl_test_allocator_init(&counted);
        sl_test_allocator_arm(&counted, at, false);
        st = sluice_saver_create(f.pipe, &counted.hooks, &saver, NULL);
        if (!st) {
            st = sluice_saver_start(saver, &run, paths, 1, NULL);
            if (!st)
                st = sluice_saver_join(saver, NULL, NULL);
            sluice_saver_destroy(saver);
        }
        ck_assert(!st || st == SLUICE_NO_MEMORY);
        ck_assert_int_eq(counted.n_live, 0);
        ck_assert_int_eq(counted.n_wrong, 0);
    }
    end(&f);
}
END_TEST

START_TEST(a_child_of_fork_has_no_writer_and_frees_the_memory)
{
    struct fixture f;
    int status;
    begin(&f);
    pid_t pid = fork();
    if (!pid) {
        bool refused = start(&f, first, NULL) == SLUICE_INVALID;
        bool rests = !sluice_saver_is_busy(f.saver) &&
                     !sluice_saver_join(f.saver, NULL, NULL);
        sluice_saver_destroy(f.saver);
        _exit(refused && rests ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    end(&f);
}
END_TEST

/* Another saver, whose writer rests. */
static void replace_saver(struct fixture *f)
{
    sluice_saver_destroy(f->saver);
    atomic_store(&n_resting, 0);
    ck_assert(!sluice_saver_create(f->pipe, NULL, &f->saver, NULL));
    while (!atomic_load(&n_resting))
        sched_yield();
}

static void *join_save(void *argument)
{
    struct fixture *f = argument;
    return sluice_saver_join(f->saver, NULL, NULL) ? f : NULL;
}

/* The writer is at work, and a thread waits for it, when another one forks. */
START_TEST(a_child_frees_a_saver_that_was_waited_for)
{
    struct fixture f;
    pthread_t thread;
    void *failed;
    int status;
    begin(&f);
    atomic_store(&sync_waits, true);
    ck_assert(!start(&f, first, NULL));
    atomic_store(&n_waiting, 0);
    ck_assert(!pthread_create(&thread, NULL, join_save, &f));
    while (!atomic_load(&n_waiting))
        sched_yield();
    pid_t pid = fork();
    if (!pid) {
        alarm(20);
        sluice_saver_destroy(f.saver);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    atomic_store(&sync_waits, false);
    sem_post(&may_sync);
    ck_assert(!pthread_join(thread, &failed));
    ck_assert_ptr_null(failed);
    end(&f);
}
END_TEST

/* A wait that ends by nothing except its signal ends. */
START_TEST(the_writer_and_the_caller_wake_each_other)
{
    struct fixture f;
    atomic_store(&holds, true);
    begin(&f);
    atomic_store(&sync_waits, true);
    for (int i = 0; i < 2; i++) {
        atomic_store(&n_open, 0);
        ck_assert(!start(&f, i ? second : first, NULL));
        ck_assert(sluice_saver_is_busy(f.saver));
        sem_post(&may_sync); /* of the file and of its directory */
        sem_post(&may_sync);
        ck_assert(!sluice_saver_join(f.saver, NULL, NULL));
        ck_assert_int_eq(atomic_load(&n_open), 0);
    }
    ck_assert_int_eq(atomic_load(&n_unmasked), 0);
    replace_saver(&f);
    atomic_store(&n_joined, 0);
    sluice_saver_destroy(f.saver);
    f.saver = NULL;
    ck_assert_int_eq(atomic_load(&n_joined), 1);
    atomic_store(&holds, false);
    end(&f);
}
END_TEST

START_TEST(a_wake_up_that_is_lost_is_made_good)
{
    struct fixture f;
    begin(&f);
    replace_saver(&f);
    atomic_store(&n_lost, 1);
    ck_assert(!start(&f, first, NULL));
    ck_assert(!sluice_saver_join(f.saver, NULL, NULL));
    atomic_store(&n_lost, 1);
    sluice_saver_destroy(f.saver);
    f.saver = NULL;
    atomic_store(&n_lost, 0);
    end(&f);
}
END_TEST

START_TEST(the_callers_signals_are_as_before)
{
    struct fixture f;
    sigset_t before, after;
    sigemptyset(&before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    begin(&f);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int signal = 1; signal <= SIGRTMAX; signal++)
        ck_assert_int_eq(sigismember(&before, signal),
                         sigismember(&after, signal));
    end(&f);
}
END_TEST

/* 2,000 layers of 2 parameters, with 2 states each. */
START_TEST(more_tensors_than_a_header_lists_are_refused_before_training)
{
    enum { MANY = 2000 };
    const sluice_adam_config adam = {
        .learning_rate = 0.1, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_saver *saver;
    sluice_diag why;
    const sluice_model_config two = {.input = {.n_dims = 1, .dims = {2}}};
    ck_assert(!sluice_model_create(&two, &model, NULL));
    for (int i = 0; i < MANY; i++)
        ck_assert(!sluice_model_add(model, sluice_layer_norm(), NULL, NULL));
    const sluice_pipeline_config config = {
        .schedule = {.devices = 1, .microbatches = 1},
        .batch = 1,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_adam(),
        .optimizer_config = &adam,
    };
    ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
    ck_assert_int_eq(sluice_saver_create(pipe, NULL, &saver, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "12000 tensors"), "%s", why.text);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("saver", what_was_started_is_written_while_steps_are_made,
                 the_run_and_the_paths_are_copied_and_all_paths_are_written,
                 an_error_of_the_writer_comes_back_and_the_old_file_stays,
                 what_cannot_be_saved_starts_nothing,
                 destroying_waits_until_it_is_written,
                 parameters_that_are_not_finite_start_nothing,
                 no_memory_at_any_allocation_is_an_error_without_a_leak,
                 a_child_of_fork_has_no_writer_and_frees_the_memory,
                 a_child_frees_a_saver_that_was_waited_for,
                 the_writer_and_the_caller_wake_each_other,
                 a_wake_up_that_is_lost_is_made_good,
                 the_callers_signals_are_as_before,
                 more_tensors_than_a_header_lists_are_refused_before_training)
