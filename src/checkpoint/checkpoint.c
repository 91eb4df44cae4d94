/* All of a training to and from a file.  The thread that owns the pipeline. */
#include <sluice/checkpoint.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <sluice/world.h>

#include "base/memory.h"
#include "checkpoint/abroad/gathered.h"
#include "checkpoint/checkpoint_metadata.h"
#include "checkpoint/outgoing.h"
#include "checkpoint/staging.h"
#include "nn/model/settle.h"
#include "pipeline/abroad/abroad.h"
#include "pipeline/pipeline.h"

enum { WARNING = 512 };

static sluice_status save(const sluice_pipeline *pipe, const sluice_run *run,
                          const char *path, sluice_diag *why)
{
    struct sl_subject about = {pipe, run};
    struct sl_checkpoint_metadata *metadata =
        sl_alloc(pipe->allocator, 1, sizeof *metadata);
    if (!metadata) /* the other processes ask first, too */
        return sluice_world_agree(
            pipe->world, sl_no_memory(why, "the metadata of a checkpoint"),
            why);
    size_t n = sl_checkpoint_metadata_fill(metadata, &about);
    sluice_status st =
        sl_gathered_save(pipe, SL_HELD_ALL, metadata->pairs, n, path, why);
    sl_free(pipe->allocator, metadata, 1, sizeof *metadata);
    return st;
}

/* The list without the values: a header of it can be measured. */
static sluice_status check_header(const sluice_pipeline *pipe,
                                  struct sl_metadata_pair *pairs, size_t n,
                                  sluice_diag *why)
{
    struct sl_outgoing out;
    size_t bytes;
    sluice_status st =
        sl_outgoing_init(&out, pipe, SL_HELD_ALL, pipe->allocator, why);
    if (st)
        return st;
    out.file.metadata = pairs;
    out.file.n_metadata = n;
    st = sl_header_check(&out.file, why);
    if (!st)
        st = sl_header_measure(&out.file, &bytes, why);
    sl_outgoing_fini(&out);
    return st;
}

sluice_status sluice_checkpoint_check(const sluice_pipeline *pipe,
                                      const sluice_run *run, sluice_diag *why)
{
    static const sluice_run nothing;
    struct sl_subject about = {pipe, run ? run : &nothing};
    struct sl_checkpoint_metadata *metadata =
        sl_alloc(pipe->allocator, 1, sizeof *metadata);
    if (!metadata)
        return sl_no_memory(why, "the metadata of a checkpoint");
    size_t n = sl_checkpoint_metadata_fill(metadata, &about);
    sluice_status st = check_header(pipe, metadata->pairs, n, why);
    sl_free(pipe->allocator, metadata, 1, sizeof *metadata);
    return st;
}

/* A file is written and read in calls that end a cancelled thread, which would
 * leave it open. */
sluice_status sluice_checkpoint_save(const sluice_pipeline *pipe,
                                     const sluice_run *run, const char *path,
                                     sluice_diag *why)
{
    static const sluice_run nothing;
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sluice_status st = save(pipe, run ? run : &nothing, path, why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

static sluice_status check_kind(const sluice_safetensors *file,
                                const char *path, sluice_diag *why)
{
    const char *kind = sl_safetensors_metadata(file, "sluice.kind");
    const char *format = sl_safetensors_metadata(file, "sluice.format");
    if (!kind || strcmp(kind, "checkpoint") || !format)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "%.150s: not a checkpoint; for weights alone "
                               "there is sluice_pipeline_load_weights()",
                               path);
    if (strcmp(format, "1"))
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "%.150s: a checkpoint of format %.16s; this "
                               "version of the library reads format 1",
                               path, format);
    return SLUICE_OK;
}

/* Open a checkpoint and read its numbers. */
static sluice_status open_checkpoint(const char *path,
                                     const sluice_allocator *allocator,
                                     sluice_safetensors **out,
                                     struct sl_run_state *state,
                                     sluice_diag *why)
{
    sluice_safetensors *file;
    sluice_status st = sluice_safetensors_open(path, 0, allocator, &file, why);
    if (st)
        return st;
    st = check_kind(file, path, why);
    if (!st)
        st = sl_run_state_read(state, file, path, why);
    if (!st && sl_learning_rate_check(state->learning_rate, NULL))
        st = sluice_diag_set(why, SLUICE_FORMAT,
                             "%.150s: no step can be made with its learning "
                             "rate %g",
                             path, state->learning_rate);
    if (st)
        sluice_safetensors_close(file);
    else
        *out = file;
    return st;
}

static void warn(const sluice_pipeline *pipe, const struct sl_fact *fact,
                 const char *was, const char *is)
{
    char text[WARNING];
    if (!pipe->log)
        return;
    snprintf(text, sizeof text,
             "the checkpoint was made with another value of %s: %.150s, now "
             "%.150s; the bits may differ from those of a training that did "
             "not stop",
             fact->what, was, is);
    pipe->log(pipe->log_context, SLUICE_LOG_WARNING, text);
}

/* What is not known on one side is no difference. */
static int compare(const struct sl_subject *about,
                   const sluice_safetensors *file)
{
    char room[SL_FACT_ROOM];
    int n = 0;
    for (int i = 0; i < SL_N_FACTS; i++) {
        const struct sl_fact *fact = sl_fact_at(i);
        const char *was = sl_safetensors_metadata(file, fact->key);
        const char *is = fact->tell(about, room);
        bool counts = !fact->counts || fact->counts(about);
        if (!was || !is[0] || !strcmp(was, is) || !counts)
            continue;
        n++;
        warn(about->pipe, fact, was, is);
    }
    return n;
}

/* Tensors that do not fit, of a checkpoint that tells its model. */
static sluice_status tell_misfit(const struct sl_subject *about,
                                 const sluice_safetensors *file,
                                 const char *path, sluice_status st,
                                 sluice_diag *why)
{
    const char *is = about->run->model;
    const char *was = sl_safetensors_metadata(file, "sluice.model");
    if (!is || !was || !strcmp(was, is))
        return st;
    return sluice_diag_set(why, st,
                           "%.100s: a checkpoint of another model, %.130s; "
                           "this one is %.130s: give that of the checkpoint, "
                           "or another directory",
                           path, was, is);
}

static sluice_status load(sluice_pipeline *pipe, const char *path,
                          sluice_run *run, int *n_differences, sluice_diag *why)
{
    struct sl_subject about = {pipe, run};
    sluice_safetensors *file = NULL;
    struct sl_run_state state;
    struct sl_staging staging = {0};
    sluice_status st =
        open_checkpoint(path, pipe->allocator, &file, &state, why);
    if (!st)
        st = sl_staging_read(&staging, pipe, SL_HELD_ALL, file, pipe->allocator,
                             why);
    if (st == SLUICE_INVALID || st == SLUICE_NOT_FOUND)
        st = tell_misfit(&about, file, path, st, why);
    st = sl_abroad_check(pipe, st, why); /* all processes take it, or none */
    if (!st) {
        int n = compare(&about, file);
        if (n_differences)
            *n_differences = n;
        sl_staging_apply(&staging, pipe, SL_HELD_ALL);
        pipe->n_steps = state.n_steps;
        pipe->learning_rate = state.learning_rate;
        sl_checkpoint_take_state(run, &state);
    }
    sl_staging_fini(&staging);
    sluice_safetensors_close(file);
    return st;
}

sluice_status sluice_checkpoint_load(sluice_pipeline *pipe, const char *path,
                                     sluice_run *run, int *n_differences,
                                     sluice_diag *why)
{
    sluice_run nothing = {0};
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sluice_status st =
        load(pipe, path, run ? run : &nothing, n_differences, why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

sluice_status sluice_checkpoint_inspect(const char *path, sluice_run *run,
                                        uint64_t *n_steps,
                                        const sluice_allocator *allocator,
                                        sluice_diag *why)
{
    sluice_safetensors *file;
    struct sl_run_state state;
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sluice_status st = open_checkpoint(path, allocator, &file, &state, why);
    if (!st) {
        sluice_safetensors_close(file);
        sl_checkpoint_take_state(run, &state);
        *n_steps = state.n_steps;
    }
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}
