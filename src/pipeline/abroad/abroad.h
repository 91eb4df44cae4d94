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

/* The world of a config, in which a pipeline is about to be created; NULL if it
 * has one process, or there is none. */
sluice_world *sl_abroad_start(const sluice_pipeline_config *config);

/* The pipeline's world as the blueprint sees it; zeros without one. */
struct sl_world_view sl_abroad_view(sluice_pipeline *pipe);

/* The process that runs a stage of a replica. */
int sl_abroad_process(const sluice_pipeline *pipe, int replica,
                      const struct sl_stage *stage);

/*
 * Create a link from a stage to another of the same replica, if one of them is
 * in this process; else *out is NULL.  `sent` are the slots of an end in
 * another process than the consumer's.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, SLUICE_SYSTEM, SLUICE_INVALID.
 */
struct sl_abroad_link {
    int replica;
    const struct sl_stage *from;
    const struct sl_stage *to;
    struct sl_ring slots;
    struct sl_ring sent;
    int capacity;
};
sluice_status sl_abroad_link(sluice_pipeline *pipe,
                             const struct sl_abroad_link *about,
                             struct sl_link **out, sluice_diag *why);

/*
 * The same from the device at one place of a replica to that at another one of
 * a different process, which has room whenever the first hands on an item: see
 * blueprint/shards/cut_streams.h.  `slots` are those at this end.
 */
struct sl_abroad_places {
    int replica;
    int from;
    int to;
};
bool sl_abroad_are_apart(const sluice_pipeline *pipe,
                         struct sl_abroad_places places);
sluice_status sl_abroad_link_places(sluice_pipeline *pipe,
                                    struct sl_abroad_places places,
                                    const struct sl_ring *slots,
                                    struct sl_link **out, sluice_diag *why);

/* A collective whose members have the given devices, by index, if one of them
 * is in this process; else *out is NULL.  Returns as sl_abroad_link(). */
struct sl_abroad_members {
    const int *devices; /* [n_members] */
    const int *owners;  /* as in struct sl_collective_site */
    bool adds_arrays;
};
sluice_status sl_abroad_collective(sluice_pipeline *pipe,
                                   const struct sl_collective_config *config,
                                   const struct sl_abroad_members *members,
                                   struct sl_collective **out,
                                   sluice_diag *why);

/*
 * Begin a job, and end it: all processes have done it, or all have failed, and
 * then nothing is on its way any more.  A failure latches in `everyone`.
 */
void sl_abroad_begin(sluice_pipeline *pipe);
void sl_abroad_end(sluice_pipeline *pipe);

/* Whether the job has failed, as all processes know it: a cancellation that
 * comes behind the end of a job stops this process alone. */
bool sl_abroad_stopped(const sluice_pipeline *pipe);

/* Work out which process knows about each micro-batch. */
void sl_abroad_find_judges(sluice_pipeline *pipe);

/* Of a job of `rows`, those of which devices of this process read the inputs:
 * from the first of them to the last.  The others' x is not read. */
struct sl_rows sl_abroad_input_rows(const sluice_pipeline *pipe, int64_t rows);

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

/* What the last stages found out about the micro-batches of this job, in all
 * processes.  A failure latches. */
void sl_abroad_share_outcomes(sluice_pipeline *pipe);

/* The same of the outputs, whose rows have `out` elements. */
void sl_abroad_share_outputs(sluice_pipeline *pipe, int64_t out);

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
 * Whether all processes have come so far well.  After a failure `told` is set.
 *
 * Blocks   until all processes have called it.
 * Returns  the first failure of all of them.
 */
sluice_status sl_abroad_check(sluice_pipeline *pipe, sluice_status st,
                              sluice_diag *why);

/* The same of a process that has no pipeline, instead of sl_abroad_start(). */
sluice_status sl_abroad_check_alone(const sluice_pipeline_config *config,
                                    sluice_status st, sluice_diag *why);

/* The pipeline ends: wait until it does in all processes. */
void sl_abroad_leave(sluice_pipeline *pipe);

#endif
