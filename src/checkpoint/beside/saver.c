/*
 * Saving beside training.
 *
 * The job (beside/saver_job.h) is the caller's while `busy` is false, and the
 * writer's while it is true.  The caller fills in a job, sets `busy` and wakes
 * the writer, which rests; the writer writes, clears `busy` and wakes the
 * caller, if it waits in join.  A wake-up of the writer that the system loses
 * is made good there: who joins rouses.
 *
 * In several processes the callers agree before any writer is woken, so that
 * all write or none; the writers go on by messages of their own.
 */
#include <sluice/saver.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <sluice/world.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/memory.h"
#include "checkpoint/beside/saver_job.h"
#include "pipeline/pipeline.h"

struct sluice_saver {
    const sluice_allocator *allocator; /* const after create */
    const sluice_pipeline *pipe;       /* const after create */
    pid_t owner;                       /* const after create: has the thread */
    pthread_t thread;                  /* const after create */

    struct sl_saver_job job; /* and what became of it: */
    sluice_saving saving;
    sluice_diag why;

    bool started;        /* [owner: caller] a save, and it was not joined */
    atomic_bool busy;    /* [atomic] set by the caller, cleared by the writer:
                            each hands the job over */
    atomic_bool quit;    /* [atomic] by destroy */
    atomic_bool gone;    /* [atomic] by the writer: nothing is left to do */
    struct sl_gate work; /* the writer rests */
    struct sl_gate done; /* the caller waits until it is not busy, or gone */
};

static bool has_work(const void *state)
{
    const sluice_saver *saver = state;
    return atomic_load(&saver->busy) || atomic_load(&saver->quit);
}

static bool is_done(const void *state)
{
    const sluice_saver *saver = state;
    return !atomic_load(&saver->busy);
}

static bool is_gone(const void *state)
{
    const sluice_saver *saver = state;
    return atomic_load(&saver->gone);
}

static void write_all(sluice_saver *saver)
{
    int64_t begin = sl_now_ns();
    saver->why = (sluice_diag){.status = SLUICE_OK};
    sluice_status st =
        sl_saver_job_write(&saver->job, &saver->saving.n_written, &saver->why);
    saver->why.status = st;
    saver->saving.write_ns = sl_now_ns() - begin;
}

static void *writer_main(void *argument)
{
    const struct sl_patience none = {0};
    sluice_saver *saver = argument;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &(int){0});
    bool quits = false;
    while (!quits) {
        sl_gate_rest(&saver->work, none, has_work, saver);
        if (atomic_load(&saver->busy)) {
            write_all(saver);
            atomic_store(&saver->busy, false);
        } else { /* only then: what was started is written */
            quits = true;
            atomic_store(&saver->gone, true);
        }
        sl_gate_wake(&saver->done);
    }
    return NULL;
}

/* Wait for an answer of the writer, which may have missed the call. */
static void await(sluice_saver *saver, sl_predicate *answered)
{
    const struct sl_patience none = {0};
    while (
        !sl_gate_try(&saver->done, none, answered, saver, SL_GATE_RECHECK_NS))
        sl_gate_rouse(&saver->work);
}

/* The program decides what signals do: its handlers never run here. */
static sluice_status start_thread(sluice_saver *saver)
{
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before))
        return SLUICE_SYSTEM;
    int failed = pthread_create(&saver->thread, NULL, writer_main, saver);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed ? SLUICE_SYSTEM : SLUICE_OK;
}

static sluice_status start_writer(sluice_saver *saver, sluice_diag *why)
{
    sluice_status st = sl_gate_init(&saver->work);
    if (st)
        goto refused;
    st = sl_gate_init(&saver->done);
    if (st)
        goto fini_work;
    st = start_thread(saver);
    if (st)
        goto fini_done;
    return SLUICE_OK;

fini_done:
    sl_gate_fini(&saver->done);
fini_work:
    sl_gate_fini(&saver->work);
refused:
    return sluice_diag_set(why, st,
                           "the system refused a thread or a lock for saving "
                           "beside training");
}

static sluice_status create(const sluice_pipeline *pipe,
                            struct sl_courier courier,
                            const sluice_allocator *allocator,
                            sluice_saver **out, sluice_diag *why)
{
    sluice_saver *saver = sl_alloc(allocator, 1, sizeof *saver);
    if (!saver)
        return sl_no_memory(why, "a saver");
    saver->allocator = allocator;
    saver->pipe = pipe;
    saver->owner = getpid();
    sluice_status st =
        sl_saver_job_init(&saver->job, pipe, courier, allocator, why);
    if (st)
        goto free_saver;
    st = start_writer(saver, why);
    if (st)
        goto fini_job;
    *out = saver;
    return SLUICE_OK;

fini_job:
    sl_saver_job_fini(&saver->job);
free_saver:
    sl_free(allocator, saver, 1, sizeof *saver);
    return st;
}

sluice_status sluice_saver_create(const sluice_pipeline *pipe,
                                  const sluice_allocator *allocator,
                                  sluice_saver **out, sluice_diag *why)
{
    int cancel_state;
    struct sl_courier courier = {.world = pipe->world};
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    if (pipe->world) /* also if it fails: the others go on to the next one */
        courier = sl_courier_next(pipe->world);
    sluice_status st = sluice_checkpoint_check(pipe, NULL, why);
    sluice_saver *saver = NULL;
    if (!st)
        st = create(pipe, courier, allocator, &saver, why);
    st = sluice_world_agree(pipe->world, st, why);
    if (st)
        sluice_saver_destroy(saver); /* another process has none */
    else
        *out = saver;
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

static sluice_status fill(sluice_saver *saver, const sluice_run *run,
                          const char *const *paths, int n_paths,
                          sluice_diag *why)
{
    int64_t begin = sl_now_ns();
    sluice_status st =
        sl_saver_job_fill(&saver->job, saver->pipe, run, paths, n_paths, why);
    saver->saving = (sluice_saving){
        .n_steps = sluice_pipeline_n_steps(saver->pipe),
        .bytes = saver->job.n_values * sizeof(float),
        .copy_ns = sl_now_ns() - begin,
    };
    return st;
}

static bool is_inherited(const sluice_saver *saver)
{
    return getpid() != saver->owner;
}

static sluice_status check(const sluice_saver *saver, int n_paths,
                           sluice_diag *why)
{
    if (n_paths < 1 || n_paths > SLUICE_SAVER_PATHS)
        return sluice_diag_set(why, SLUICE_INVALID, "%d paths; give 1 to %d",
                               n_paths, SLUICE_SAVER_PATHS);
    if (saver->started)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a save was started and not joined; call "
                               "sluice_saver_join() before the next one");
    return SLUICE_OK;
}

sluice_status sluice_saver_start(sluice_saver *saver, const sluice_run *run,
                                 const char *const *paths, int n_paths,
                                 sluice_diag *why)
{
    sluice_run about = run ? *run : (sluice_run){.n_rows = 0};
    if (is_inherited(saver))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "fork() has not copied the thread that saves; "
                               "create another saver in the child");
    sluice_status st = check(saver, n_paths, why);
    if (!st)
        st = fill(saver, &about, paths, n_paths, why);
    st = sluice_world_agree(saver->pipe->world, st, why);
    if (st)
        return st;
    saver->started = true;
    atomic_store(&saver->busy, true);
    sl_gate_wake(&saver->work);
    return SLUICE_OK;
}

bool sluice_saver_is_busy(const sluice_saver *saver)
{
    return atomic_load(&saver->busy) && !is_inherited(saver);
}

sluice_status sluice_saver_join(sluice_saver *saver, sluice_saving *saving,
                                sluice_diag *why)
{
    int cancel_state;
    int64_t begin = sl_now_ns();
    if (saving)
        *saving = (sluice_saving){.n_steps = 0};
    if (!saver->started || is_inherited(saver))
        return SLUICE_OK;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    await(saver, is_done);
    pthread_setcancelstate(cancel_state, NULL);
    saver->started = false;
    saver->saving.wait_ns = sl_now_ns() - begin;
    if (saving)
        *saving = saver->saving;
    if (saver->why.status && why)
        *why = saver->why;
    return saver->why.status;
}

void sluice_saver_destroy(sluice_saver *saver)
{
    int cancel_state;
    if (!saver)
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    if (is_inherited(saver)) {
        sl_gate_abandon(&saver->work);
        sl_gate_abandon(&saver->done);
    } else {
        atomic_store(&saver->quit, true);
        sl_gate_wake(&saver->work);
        await(saver, is_gone);
        pthread_join(saver->thread, NULL);
    }
    sl_gate_fini(&saver->done);
    sl_gate_fini(&saver->work);
    sl_saver_job_fini(&saver->job);
    sl_free(saver->allocator, saver, 1, sizeof *saver);
    pthread_setcancelstate(cancel_state, NULL);
}
