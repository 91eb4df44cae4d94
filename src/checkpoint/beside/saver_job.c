/* What a saver has to write.  The caller, then the writer. */
#include "checkpoint/beside/saver_job.h"

#include <string.h>

#include "base/memory.h"
#include "data/safetensors/safetensors_write.h"
#include "pipeline/pipeline.h"

static void free_texts(struct sl_saver_job *job)
{
    sl_free(job->allocator, job->texts, job->texts_bytes, 1);
    job->texts = NULL;
}

static bool is_shared(const struct sl_saver_job *job)
{
    return job->courier.world;
}

/* The copy, or what this process holds of it. */
static sluice_status init_copy(struct sl_saver_job *job,
                               const sluice_pipeline *pipe, sluice_diag *why)
{
    if (is_shared(job))
        return sl_bundle_init(&job->bundle, pipe, SL_HELD_ALL, true,
                              job->allocator, why);
    sluice_status st =
        sl_outgoing_init(&job->out, pipe, SL_HELD_ALL, job->allocator, why);
    if (st)
        return st;
    job->values = sl_alloc(job->allocator, job->n_values, sizeof *job->values);
    return job->values
               ? SLUICE_OK
               : sl_no_memory(why, "the copy of a pipeline that is to be "
                                   "saved");
}

sluice_status sl_saver_job_init(struct sl_saver_job *job,
                                const sluice_pipeline *pipe,
                                struct sl_courier courier,
                                const sluice_allocator *allocator,
                                sluice_diag *why)
{
    *job = (struct sl_saver_job){.allocator = allocator, .courier = courier};
    sl_held_count(pipe, SL_HELD_ALL, &job->n_values);
    job->metadata = sl_alloc(allocator, 1, sizeof *job->metadata);
    sluice_status st = job->metadata
                           ? init_copy(job, pipe, why)
                           : sl_no_memory(why, "the metadata of a checkpoint");
    if (st)
        sl_saver_job_fini(job);
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
static sluice_status keep_texts(struct sl_saver_job *job, sluice_run *run,
                                const char *const *paths, int n_paths,
                                sluice_diag *why)
{
    free_texts(job);
    job->texts_bytes = text_bytes(run->model) + text_bytes(run->rate) +
                       text_bytes(run->augment) + text_bytes(run->tokenizer);
    for (int i = 0; i < n_paths; i++)
        job->texts_bytes += strlen(paths[i]) + 1;
    char *at = job->texts = sl_alloc(job->allocator, job->texts_bytes, 1);
    if (!at)
        return sl_no_memory(why, "the names of a checkpoint");
    for (int i = 0; i < n_paths; i++) {
        job->paths[i] = at;
        at = stpcpy(at, paths[i]) + 1;
    }
    job->n_paths = n_paths;
    at = keep_text(&run->model, at);
    at = keep_text(&run->rate, at);
    at = keep_text(&run->augment, at);
    keep_text(&run->tokenizer, at);
    return SLUICE_OK;
}

sluice_status sl_saver_job_fill(struct sl_saver_job *job,
                                const sluice_pipeline *pipe,
                                const sluice_run *run, const char *const *paths,
                                int n_paths, sluice_diag *why)
{
    sluice_run kept = *run;
    const struct sl_subject about = {pipe, &kept};
    struct sl_saved_file *file =
        is_shared(job) ? &job->bundle.out.file : &job->out.file;
    sluice_status st = keep_texts(job, &kept, paths, n_paths, why);
    if (st)
        return st;
    st = is_shared(job)
             ? sl_bundle_list(&job->bundle, pipe, SL_HELD_ALL, why)
             : sl_outgoing_list(&job->out, pipe, SL_HELD_ALL, job->values, why);
    if (st)
        return st;
    file->metadata = job->metadata->pairs;
    file->n_metadata = sl_checkpoint_metadata_fill(job->metadata, &about);
    return is_shared(job) ? sl_header_check(file, why) : SLUICE_OK;
}

sluice_status sl_saver_job_write(struct sl_saver_job *job, int *n_written,
                                 sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    if (is_shared(job))
        st = sl_gathered_sum(&job->bundle, &job->courier, why);
    for (int i = 0; i < job->n_paths && !st; i++) {
        st = is_shared(job)
                 ? sl_gathered_write(&job->bundle, &job->courier, job->paths[i],
                                     why)
                 : sl_safetensors_write(job->paths[i], &job->out.file,
                                        job->allocator, why);
        *n_written += !st;
    }
    return st;
}

void sl_saver_job_fini(struct sl_saver_job *job)
{
    const sluice_allocator *allocator = job->allocator;
    free_texts(job);
    sl_bundle_fini(&job->bundle);
    sl_outgoing_fini(&job->out);
    sl_free(allocator, job->values, job->n_values, sizeof *job->values);
    sl_free(allocator, job->metadata, 1, sizeof *job->metadata);
    *job = (struct sl_saver_job){.n_paths = 0};
}
