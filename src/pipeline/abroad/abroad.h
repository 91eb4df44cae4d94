/*
 * What is done together with other processes of a world: links and collectives
 * that reach them, jobs, and what callers tell each other.  Without a world
 * nothing is done.
 *
 * Threads: the caller's, unless a function says otherwise.
 */
#ifndef SL_PIPELINE_ABROAD_ABROAD_H
#define SL_PIPELINE_ABROAD_ABROAD_H

#include "pipeline/pipeline.h"

/* The world of a config; NULL if it has one process, or there is none. */
sluice_world *sl_abroad_world(const sluice_pipeline_config *config);

/* The same; a pipeline is about to be created in it. */
sluice_world *sl_abroad_start(const sluice_pipeline_config *config);

/* The pipeline's world as the blueprint sees it; zeros without one. */
struct sl_world_view sl_abroad_view(sluice_pipeline *pipe);

/* The process that runs a stage of a replica. */
int sl_abroad_process(const sluice_pipeline *pipe, int replica,
                      const struct sl_stage *stage);

/* The same of the device at one place. */
int sl_abroad_process_at(const sluice_pipeline *pipe, int replica, int place);

/* The cut vocabulary; NULL: it is whole. */
const struct sl_cut_head *sl_abroad_cut_head(const sluice_pipeline *pipe);

/*
 * Begin a job, and end it: all processes have done it, or all have failed, and
 * then nothing is on its way any more.  A failure latches in `everyone`.
 */
void sl_abroad_begin(sluice_pipeline *pipe);
void sl_abroad_end(sluice_pipeline *pipe);

/*
 * Begin and end a job that this process alone may have refused, with status
 * `st`: the others, who have begun it, do not wait for what it was to send.
 *
 * Threads  outside of calls of the pipeline.
 * Returns  `st` in one process; the first failure of all of them.
 */
sluice_status sl_abroad_refuse(sluice_pipeline *pipe, const struct sl_job *job,
                               sluice_status st, sluice_diag *why);

/* Whether the job has failed, as all processes know it.  A cancellation that
 * comes behind the end of a job stops this process alone: it ends the next job
 * of the call, or nothing. */
bool sl_abroad_stopped(const sluice_pipeline *pipe);

/* The time between two looks of the caller while devices run.  A look, which
 * devices have between layers, takes messages of other processes and lets MPI
 * work on messages that are under way.
 *
 * Threads: any thread of the process, for sl_abroad_look(). */
int64_t sl_abroad_period(const sluice_pipeline *pipe, int64_t otherwise_ns);
void sl_abroad_look(sluice_pipeline *pipe);

/* The device's look between two layers: not at each, for a look takes longer
 * than a small layer.
 *
 * Threads: the device. */
void sl_abroad_look_between(struct sl_device *device);

/* Give all processes what one of them has; all call it, outside of jobs.
 * Returns  SLUICE_OK, or why a process is gone. */
sluice_status sl_abroad_share(const sluice_pipeline *pipe, int process,
                              void *buffer, size_t bytes, sluice_diag *why);

/* Learn what there is to know about each device. */
sluice_status sl_abroad_share_facts(sluice_pipeline *pipe, sluice_diag *why);

/* The device of this process that has an index; NULL if it is elsewhere.  Any
 * thread. */
const struct sl_device *sl_abroad_device(const sluice_pipeline *pipe,
                                         int index);

/*
 * Whether all processes have come so far well, between two jobs: so that none
 * waits for what another one would send, which has refused to, or has left.
 * After a failure `told` is set.
 *
 * Blocks   until all processes have called it.
 * Returns  the first failure of all of them.
 */
sluice_status sl_abroad_check(sluice_pipeline *pipe, sluice_status st,
                              sluice_diag *why);

/* The same of a process that has no pipeline, instead of sl_abroad_start(). */
sluice_status sl_abroad_check_alone(const sluice_pipeline_config *config,
                                    sluice_status st, sluice_diag *why);

/* The creation has failed in all processes, as all have agreed. */
void sl_abroad_give_up(const sluice_pipeline *pipe);

/* The pipeline ends: wait until it does in all processes. */
void sl_abroad_leave(sluice_pipeline *pipe);

#endif
