/*
 * Saving beside training.
 *
 * The job (the copy, its metadata, the paths) is the caller's while `busy` is
 * false, and the writer's while it is true.  The caller fills in a job, sets
 * `busy` and wakes the writer, which rests; the writer writes, clears `busy`
 * and wakes the caller, if it waits in join.  A wake-up of the writer that the
 * system loses is made good there: who joins rouses.
 */
#include <sluice/saver.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/memory.h"
#include "checkpoint/checkpoint_metadata.h"
#include "checkpoint/outgoing.h"
#include "data/safetensors/safetensors_write.h"
#include "pipeline/pipeline.h"

struct sluice_saver {
    const sluice_allocator *allocator; /* const after create */
    const sluice_pipeline *pipe;       /* const after create */
    pid_t owner;                       /* const after create: has the thread */
    pthread_t thread;                  /* const after create */
    size_t n_values;                   /* const after create */

    /* The job, and what became of it. */
    struct sl_outgoing out;
    float *values; /* [n_values] the copy */
    struct sl_checkpoint_metadata *metadata;
    char *texts; /* the model's text and the paths, each with its 0 */
    size_t texts_bytes;
    const char *paths[SLUICE_SAVER_PATHS];
    int n_paths;
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
    for (int i = 0; i < saver->n_paths && !saver->why.status; i++) {
        sluice_status st = sl_safetensors_write(
            saver->paths[i], &saver->out.file, saver->allocator, &saver->why);
        if (!st)
            saver->saving.n_written++;
    }
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

static void free_texts(sluice_saver *saver)
{
    sl_free(saver->allocator, saver->texts, saver->texts_bytes, 1);
    saver->texts = NULL;
}

static void free_job(sluice_saver *saver)
{
    const sluice_allocator *allocator = saver->allocator;
    free_texts(saver);
    sl_free(allocator, saver->metadata, 1, sizeof *saver->metadata);
    sl_free(allocator, saver->values, saver->n_values, sizeof *saver->values);
    sl_outgoing_fini(&saver->out);
}

static sluice_status alloc_job(sluice_saver *saver, sluice_diag *why)
{
    if (!saver->pipe->world)
        sl_held_count(saver->pipe, SL_HELD_ALL, &saver->n_values);
    sluice_status st = sl_outgoing_init(&saver->out, saver->pipe, SL_HELD_ALL,
                                        saver->allocator, why);
    if (st)
        return st;
    saver->values =
        sl_alloc(saver->allocator, saver->n_values, sizeof *saver->values);
    saver->metadata = sl_alloc(saver->allocator, 1, sizeof *saver->metadata);
    if (saver->values && saver->metadata)
        return SLUICE_OK;
    free_job(saver);
    return sl_no_memory(why, "the copy of a pipeline that is to be saved");
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
                            const sluice_allocator *allocator,
                            sluice_saver **out, sluice_diag *why)
{
    sluice_saver *saver = sl_alloc(allocator, 1, sizeof *saver);
    if (!saver)
        return sl_no_memory(why, "a saver");
    saver->allocator = allocator;
    saver->pipe = pipe;
    saver->owner = getpid();
    sluice_status st = alloc_job(saver, why);
    if (st)
        goto free_saver;
    st = start_writer(saver, why);
    if (st)
        goto free_job;
    *out = saver;
    return SLUICE_OK;

free_job:
    free_job(saver);
free_saver:
    sl_free(allocator, saver, 1, sizeof *saver);
    return st;
}

sluice_status sluice_saver_create(const sluice_pipeline *pipe,
                                  const sluice_allocator *allocator,
                                  sluice_saver **out, sluice_diag *why)
{
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sluice_status st = sluice_checkpoint_check(pipe, NULL, why);
    if (!st)
        st = create(pipe, allocator, out, why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

static size_t text_bytes(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* Copy a text, if there is one, to `at`; returns where the next one goes. */
static char *keep_text(const char **text, char *at)
{
    if (!*text)
        return at;
    char *end = stpcpy(at, *text);
    *text = at;
    return end + 1;
}

/* The paths, and the texts of the run, outlive the call that named them. */
static sluice_status keep_texts(sluice_saver *saver, sluice_run *run,
                                const char *const *paths, int n_paths,
                                sluice_diag *why)
{
    free_texts(saver);
    saver->texts_bytes = text_bytes(run->model) + text_bytes(run->rate) +
                         text_bytes(run->augment) + text_bytes(run->tokenizer);
    for (int i = 0; i < n_paths; i++)
        saver->texts_bytes += strlen(paths[i]) + 1;
    char *at = saver->texts = sl_alloc(saver->allocator, saver->texts_bytes, 1);
    if (!at)
        return sl_no_memory(why, "the names of a checkpoint");
    for (int i = 0; i < n_paths; i++) {
        saver->paths[i] = at;
        at = stpcpy(at, paths[i]) + 1;
    }
    saver->n_paths = n_paths;
    at = keep_text(&run->model, at);
    at = keep_text(&run->rate, at);
    at = keep_text(&run->augment, at);
    keep_text(&run->tokenizer, at);
    return SLUICE_OK;
}

static sluice_status copy(sluice_saver *saver, const sluice_run *run,
                          sluice_diag *why)
{
    struct sl_saved_file *file = &saver->out.file;
    const struct sl_subject about = {saver->pipe, run};
    int64_t begin = sl_now_ns();
    sluice_status st = sl_outgoing_list(&saver->out, saver->pipe, SL_HELD_ALL,
                                        saver->values, why);
    if (st)
        return st;
    file->metadata = saver->metadata->pairs;
    file->n_metadata = sl_checkpoint_metadata_fill(saver->metadata, &about);
    saver->saving = (sluice_saving){
        .n_steps = sluice_pipeline_n_steps(saver->pipe),
        .bytes = saver->n_values * sizeof *saver->values,
        .copy_ns = sl_now_ns() - begin,
    };
    return SLUICE_OK;
}

/* In a world the tensors come from all processes, which must meet for it. */
static sluice_status save_now(sluice_saver *saver, const sluice_run *run,
                              const char *const *paths, int n_paths)
{
    int64_t begin = sl_now_ns();
    saver->saving = (sluice_saving){
        .n_steps = sluice_pipeline_n_steps(saver->pipe),
    };
    saver->why = (sluice_diag){.status = SLUICE_OK};
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < n_paths && !st; i++) {
        st = sluice_checkpoint_save(saver->pipe, run, paths[i], &saver->why);
        saver->saving.n_written += !st;
    }
    size_t n;
    sl_held_count(saver->pipe, SL_HELD_ALL, &n);
    saver->saving.bytes = n * sizeof(float);
    saver->saving.copy_ns = sl_now_ns() - begin;
    saver->started = true;
    return SLUICE_OK; /* join tells what became of it */
}

static bool is_inherited(const sluice_saver *saver)
{
    return getpid() != saver->owner;
}

sluice_status sluice_saver_start(sluice_saver *saver, const sluice_run *run,
                                 const char *const *paths, int n_paths,
                                 sluice_diag *why)
{
    sluice_run about = run ? *run : (sluice_run){.n_rows = 0};
    if (n_paths < 1 || n_paths > SLUICE_SAVER_PATHS)
        return sluice_diag_set(why, SLUICE_INVALID, "%d paths; give 1 to %d",
                               n_paths, SLUICE_SAVER_PATHS);
    if (is_inherited(saver))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "fork() has not copied the thread that saves; "
                               "create another saver in the child");
    if (saver->started)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a save was started and not joined; call "
                               "sluice_saver_join() before the next one");
    if (saver->pipe->world)
        return save_now(saver, &about, paths, n_paths);
    sluice_status st = keep_texts(saver, &about, paths, n_paths, why);
    if (!st)
        st = copy(saver, &about, why);
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
    free_job(saver);
    sl_free(saver->allocator, saver, 1, sizeof *saver);
    pthread_setcancelstate(cancel_state, NULL);
}
