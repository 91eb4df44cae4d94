/*
 * Which process knows what about the micro-batches: the one that runs a
 * micro-batch's last stage.  It counts its terms before a job and has its loss
 * and outputs behind it, and tells the others.
 *
 * Threads: the caller's.
 */
#ifndef SL_PIPELINE_ABROAD_JUDGES_H
#define SL_PIPELINE_ABROAD_JUDGES_H

#include "pipeline/pipeline.h"

/* Work out which process knows about each micro-batch. */
void sl_abroad_find_judges(sluice_pipeline *pipe);

/* Whether this process knows about any. */
bool sl_abroad_judges(const sluice_pipeline *pipe);

/*
 * Count the terms of each micro-batch of a job that is to run, into its
 * outcome.  In several processes one that is no judge reads no targets: if
 * their number depends on them, `tells_terms`, the judges tell it.  `st` is
 * that of this process so far; if it has failed, no process runs the job.
 *
 * Threads  the caller's, outside of jobs.
 * Blocks   until all processes have called it, if their number is told; else
 *          if it fails, until the others have ended the job.
 * Returns  `st` or as sl_loss_terms(); if their number is told, the same in all
 *          processes, or why one is gone.
 */
bool sl_abroad_tells_terms(const sluice_pipeline *pipe);
sluice_status sl_abroad_count_terms(sluice_pipeline *pipe,
                                    const struct sl_job *job, sluice_status st,
                                    sluice_diag *why);

/* What the last stages found out about the micro-batches of this job, in all
 * processes.  A failure latches. */
void sl_abroad_share_outcomes(sluice_pipeline *pipe);

/* The same of the outputs, whose rows have `out` elements. */
void sl_abroad_share_outputs(sluice_pipeline *pipe, int64_t out);

#endif
