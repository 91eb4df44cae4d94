/*
 * What a saver has to write: a copy of the pipeline, or of what this process
 * holds of it, its metadata, and where it goes.
 *
 * Threads: init and fill on the caller's, between steps; write on any one,
 * while nothing else is done with the job.
 */
#ifndef SL_CHECKPOINT_BESIDE_SAVER_JOB_H
#define SL_CHECKPOINT_BESIDE_SAVER_JOB_H

#include <sluice/saver.h>

#include "checkpoint/abroad/gathered.h"
#include "checkpoint/checkpoint_metadata.h"

struct sl_saver_job {
    const sluice_allocator *allocator;
    struct sl_courier courier; /* its world is NULL in one process */
    struct sl_bundle bundle;   /* with the copy, of the shape that the pipeline
                                  had after so many reshapes */
    uint64_t n_reshapes;
    size_t n_values; /* of all processes */
    struct sl_checkpoint_metadata *metadata;
    char *texts; /* the texts of the run and the paths, each with its 0 */
    size_t texts_bytes;
    const char *paths[SLUICE_SAVER_PATHS];
    int n_paths;
};

/*
 * Make room for the copy.  The courier's world is NULL in one process.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY.
 */
sluice_status sl_saver_job_init(struct sl_saver_job *job,
                                const sluice_pipeline *pipe,
                                struct sl_courier courier,
                                const sluice_allocator *allocator,
                                sluice_diag *why);

/*
 * Copy what is to be written, texts and paths included.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FINITE; SLUICE_NO_MEMORY; SLUICE_INVALID as
 *          sl_header_check().
 */
sluice_status sl_saver_job_fill(struct sl_saver_job *job,
                                const sluice_pipeline *pipe,
                                const sluice_run *run, const char *const *paths,
                                int n_paths, sluice_diag *why);

/*
 * Write it to each of the paths, until one fails; counts them in *n_written.
 *
 * Blocks   until it is written, in several processes by all of them.
 * Returns  as sl_gathered_write().
 */
sluice_status sl_saver_job_write(struct sl_saver_job *job, int *n_written,
                                 sluice_diag *why);

void sl_saver_job_fini(struct sl_saver_job *job);

#endif
