/* What a saver has to write.  The caller, then the writer. */
#include "checkpoint/beside/saver_job.h"

#include <string.h>

#include <sluice/reshape.h>

#include "base/memory.h"
#include "pipeline/pipeline.h"

static void free_texts(struct sl_saver_job *job)
{
    sl_free(job->allocator, job->texts, job->texts_bytes, 1);
    job->texts = NULL;
}

sluice_status sl_saver_job_init(struct sl_saver_job *job,
                                const sluice_pipeline *pipe,
                                struct sl_courier courier,
                                const sluice_allocator *allocator,
                                sluice_diag *why)
{
    *job = (struct sl_saver_job){.allocator = allocator, .courier = courier};
    job->n_reshapes = sluice_pipeline_n_reshapes(pipe);
    sl_held_count(pipe, SL_HELD_ALL, &job->n_values);
    job->metadata = sl_alloc(allocator, 1, sizeof *job->metadata);
    sluice_status st = job->metadata
                           ? sl_bundle_init(&job->bundle, pipe, SL_HELD_ALL,
                                            true, allocator, why)
                           : sl_no_memory(why, "the metadata of a checkpoint");
    if (st)
        sl_saver_job_fini(job);
    return st;
}

/* In another shape tensors lie in other pieces, and in other processes. */
static sluice_status follow_shape(struct sl_saver_job *job,
                                  const sluice_pipeline *pipe, sluice_diag *why)
{
    uint64_t n_reshapes = sluice_pipeline_n_reshapes(pipe);
    if (job->n_reshapes == n_reshapes)
        return SLUICE_OK;
    sl_bundle_fini(&job->bundle);
    sluice_status st = sl_bundle_init(&job->bundle, pipe, SL_HELD_ALL, true,
                                      job->allocator, why);
    if (!st)
        job->n_reshapes = n_reshapes;
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
    struct sl_saved_file *file = &job->bundle.out.file;
    sluice_status st = follow_shape(job, pipe, why);
    if (!st)
        st = keep_texts(job, &kept, paths, n_paths, why);
    if (st)
        return st;
    st = sl_bundle_list(&job->bundle, pipe, SL_HELD_ALL, why);
    if (st)
        return st;
    file->metadata = job->metadata->pairs;
    file->n_metadata = sl_checkpoint_metadata_fill(job->metadata, &about);
    return sl_header_check(file, why);
}

sluice_status sl_saver_job_write(struct sl_saver_job *job, int *n_written,
                                 sluice_diag *why)
{
    sluice_status st = sl_gathered_sum(&job->bundle, &job->courier, why);
    for (int i = 0; i < job->n_paths && !st; i++) {
        st = sl_gathered_write(&job->bundle, &job->courier, job->paths[i], why);
        *n_written += !st;
    }
    return st;
}

void sl_saver_job_fini(struct sl_saver_job *job)
{
    const sluice_allocator *allocator = job->allocator;
    free_texts(job);
    sl_bundle_fini(&job->bundle);
    sl_free(allocator, job->metadata, 1, sizeof *job->metadata);
    *job = (struct sl_saver_job){.n_paths = 0};
}
