/*
 * The pipeline's inside: what the caller's thread and the devices share.
 *
 * A step is a job; its protocol is told in step.c.  Between two jobs the
 * devices rest (base/gate.h): while the caller waits it rouses those that have
 * missed the job.  Lock ranks: the door, then the failure's mutex of
 * `everyone`, then that of a group, then any gate's; nothing else is held
 * together.
 */
#ifndef SL_PIPELINE_PIPELINE_H
#define SL_PIPELINE_PIPELINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <sluice/pipeline.h>

#include "base/gate.h"
#include "base/memory.h"
#include "base/split.h"
#include "chan/bulletin.h"
#include "chan/collective.h"
#include "chan/link.h"
#include "blueprint/blueprint.h"
#include "pipeline/cores/topology.h"
#include "pipeline/watch/place.h"
#include "pipeline/watch/sighting.h"
#include "trace/recorder.h"

struct sl_device;
struct sl_gathered_trace; /* pipeline/abroad/traces.h */

/* What all devices do now; constant while they run. */
struct sl_job {
    void (*run)(struct sl_device *device);
    bool training;
    const char *x;       /* x[rows][input], of the type of the model's input */
    const char *targets; /* targets[rows]; NULL: no loss is wanted */
    float *y;            /* y[rows][output]; NULL: no output is wanted */
    int64_t rows;
};

/* The links that end at a stage; NULL where the model begins or ends. */
struct sl_ends {
    struct sl_link *x;  /* its inputs come from the stage before */
    struct sl_link *y;  /* its outputs go to the stage after */
    struct sl_link *dy; /* output gradients come from the stage after */
    struct sl_link *dx; /* input gradients go to the stage before */
};

/* The links of a skip connection; NULL within one stage. */
struct sl_edge_links {
    struct sl_link *activations;
    struct sl_link *gradients;
};

/* What the last stage found out about a micro-batch. */
struct sl_outcome {
    double loss_sum;
    int64_t correct;
    int64_t terms; /* that count; known before the job */
};

/* A device writes its own in every action: none shares a cache line with the
 * device beside it in the array, nor with those that wake it. */
struct sl_device {
    _Alignas(SL_ALIGN) sluice_pipeline *pipe; /* [owner: caller] as crew->pipe;
                                                 constant while a job runs */
    struct sl_crew *crew;                     /* const after create */
    int index;                /* const after create: among all devices */
    struct sl_coordinates at; /* const after create */
    int part; /* const after create: its number in its replica, which its part
                 of a cut vocabulary has */
    struct sl_collective *team;     /* const after create: of the devices at
                                       its place; NULL if it is alone */
    struct sl_stage *stages;        /* const after create: its replica's */
    struct sl_workspace *workspace; /* const after create */
    struct sl_outcome *outcomes;    /* const after create: [n_microbatches], its
                                       replica's */
    const struct sl_ends *ends;     /* const after create: [n_stages], its
                                       replica's */
    struct sl_cut_head *vocabulary; /* const after create: its replica's; NULL:
                                       it is not cut */
    struct sl_bulletin *board;      /* const after create: the same */
    struct sl_vocabulary_mail *mail;  /* const after create: to and from other
                                         processes; NULL: no part is there */
    const struct sl_program *train;   /* const after create */
    const struct sl_program *forward; /* const after create */
    struct sl_core core;              /* const after create */
    double delay;     /* [owner: caller] 1 / speed - 1; 0: it is not slowed */
    pthread_t thread; /* const after create */
    struct sl_sighting sighting; /* [owner: caller] while a job runs */
    struct sl_arena arena; /* const after create; content [owner: device] */
    _Alignas(SL_ALIGN) struct sl_gate gate; /* the device waits for a job */
    _Alignas(SL_ALIGN) struct sl_recorder recorder; /* [owner: device] */
    struct sl_place_word place;                     /* where it is */
    unsigned last_job;                              /* [owner: device] */
    int64_t looked_ns; /* [owner: device] at messages, between layers */
    struct sl_row_spread spread; /* [owner: device] of this job's rows
                                    over its micro-batches */
    bool records; /* [owner: device] this job: a training step of a pipeline
                     with trace */
    bool timed;   /* [owner: device] it is recorded, or the device is slowed */
    bool backed_up;           /* [owner: device] by this step */
    int64_t arrived_ns;       /* [owner: device] when it began to wait for this
                                 action, if the job is recorded */
    sluice_trace_event event; /* [owner: device] of this action */
    double *terms; /* const after create, content [owner: device]: [n_tensors]
                      of the total, if the optimizer reads one */
    const float **tied_terms; /* const after create, content [owner: device
                                 until a meeting, then read by its members]: of
                                 the tie under way */
    const sluice_part_term **part_terms; /* const after create, content
                                            [owner: device]: [n_parts] */
    double total;                        /* [owner: device] of this step */
    bool ahead;     /* [owner: device] it updates ahead of the commit */
    char *undo_end; /* [owner: device] of what is kept in the spare memory */
    int64_t off_core_ns; /* [owner: device] of this action, by its layers; only
                            looked at if the job is timed */
    int64_t counted_ns;  /* [owner: device] of this action's work, as far as it
                            is on the virtual clock already */
    int64_t virtual_ns;  /* [owner: device] its virtual clock, from the start of
                            the step */
};

/* What all processes know about a device. */
struct sl_device_fact {
    int64_t core;   /* -1: none */
    uint64_t bytes; /* handed out of its arena */
};

/*
 * Where the devices of one shape rest and the caller waits for them.  A resting
 * device reads nothing else of its pipeline, so that the rest can be put in
 * the place of another (reshape/reshaping.c); this stays where it is.
 */
struct sl_crew {
    sluice_pipeline *pipe;       /* [door] whose shape it is */
    struct sl_patience patience; /* const after create */
    _Alignas(SL_ALIGN)
        atomic_uint job_no; /* [atomic] raised by sl_pipeline_run(); its seq_cst
            store publishes `job` to the devices' gates */
    atomic_bool quit;       /* [atomic] by sl_pipeline_quit() */
    atomic_int running;  /* [atomic] devices still in the job, or not yet gone;
                            the last one's decrement publishes their work to
                            `done` */
    struct sl_gate done; /* the caller waits for running == 0 */
};

/* What a reshape keeps comes first; from `blueprint` on all belongs to the
 * shape.  The caller alone writes these; what other threads read at any time
 * they read under the door: `everyone`, and what sluice_pipeline_activity()
 * needs. */
struct sluice_pipeline {
    const sluice_allocator *allocator; /* const after create */
    sluice_log *log;                   /* [owner: caller] NULL: silent */
    void *log_context;                 /* [owner: caller] */
    pid_t owner; /* const after create: the process that has the threads */
    sluice_world *world;   /* const after create: NULL if this is the
                              only process */
    pthread_mutex_t *door; /* const after create: see door.h */
    uint64_t n_reshapes;   /* [owner: caller] */
    double learning_rate;  /* [owner: caller] */
    uint64_t n_steps;      /* [owner: caller] steps, however many updates */
    atomic_bool cancelled; /* [atomic] by sluice_pipeline_set_cancelled();
                              looked at by sl_pipeline_begin() */

    struct sl_blueprint blueprint; /* const after create, except what its
                                      stages point to */
    const sluice_pipeline *former; /* [owner: caller] while it is created: the
                                      pipeline that it is to replace, NULL:
                                      none */
    bool broke; /* [owner: caller] in a world: whether all processes know that
                   the last job failed */
    bool told; /* [owner: caller] while it is created: a failure is known to all
                  processes */
    int n_local;                    /* const after create: devices that this
                                       process runs */
    struct sl_crew *crew;           /* const after create */
    struct sl_device *devices;      /* [n_local], rising by index */
    struct sl_device_fact *facts;   /* [all devices] const after create */
    struct sl_link **links;         /* [n_links] const after create */
    int n_links;                    /* const after create */
    struct sl_ends *ends;           /* [all stages] const after create */
    struct sl_edge_links *edges;    /* [n_replicas * n_edges] const after
                                       create, as those of the layout */
    struct sl_bulletin **boards;    /* const after create: [n_boards], that of
                                       each replica with a cut vocabulary */
    int n_boards;                   /* const after create */
    struct sl_collective *everyone; /* const after create: all devices */
    struct sl_collective **groups;  /* [n_groups] const after create: [depth]
                                       those that hold a part of the model, NULL
                                       if the mode adds up no gradients, one for
                                       each shard; then those of ties, see
                                       pipeline/across/tied.h; then the teams,
                                       see  pipeline/team/teamwork.h */
    size_t n_groups;                /* const after create */
    struct sl_outcome *outcomes;    /* [all micro-batches] [owner: last
                                       stage's device, then the caller] */
    int *judges; /* [2][all micro-batches] const after create: the process
                    whose device finds out about each, in training, and
                    forward */

    uint64_t *digests; /* [all stages][n_microbatches] [owner: the stage's
                          device] of what it gave at F; NULL: not wanted */

    int64_t *update_rows;  /* [n_updates] rows of this step that go into each;
                              [owner: caller], constant while devices run */
    int64_t *update_terms; /* [n_updates] terms that count, likewise */
    struct sl_job job;     /* [owner: caller], constant while devices run */

    int cancel_state; /* [owner: caller] of its thread, while a job runs */
    struct sl_watchdog watchdog; /* const after create */
    int64_t looked_ns; /* [owner: caller] when it looked at the devices last */

    bool traces;                        /* const after create */
    bool has_trace;                     /* [owner: caller] */
    int64_t start_ns;                   /* [owner: caller] of the last step */
    int64_t end_ns;                     /* [owner: caller] */
    int *n_events;                      /* [n_local] [owner: caller] */
    const sluice_trace_event **events;  /* [n_local] const after create */
    struct sl_gathered_trace *gathered; /* [owner: caller] of all processes;
                                           NULL: none was asked for */
};

/*
 * Begin and end a call of the library's user: in between the first failure
 * latches, or a cancellation, and no job runs after it.  The thread can be
 * cancelled (pthread_cancel()) when it begins, and not meanwhile.
 *
 * Threads  the caller's; both on the same.
 * Returns  (begin) SLUICE_OK, or SLUICE_INVALID in a child of fork(), which has
 *          no devices: nothing has begun then;
 *          (end) SLUICE_OK, or the first failure.
 */
sluice_status sl_pipeline_begin(sluice_pipeline *pipe, sluice_diag *why);
sluice_status sl_pipeline_end(sluice_pipeline *pipe, sluice_diag *why);

/*
 * Run a job on all devices, unless the call has failed already.
 *
 * Threads  the caller's, between begin and end.
 * Blocks   until every device has finished it.
 */
void sl_pipeline_run(sluice_pipeline *pipe, struct sl_job job);

/*
 * End the threads of the first `n_started` devices.
 *
 * Threads  the caller's, while no job runs.
 * Blocks   until they have ended.
 */
void sl_pipeline_quit(sluice_pipeline *pipe, int n_started);

/* Whether this process is a child of the one that has the devices' threads. */
bool sl_pipeline_is_inherited(const sluice_pipeline *pipe);

/* As sl_gate_abandon(), of all gates and locks. */
void sl_pipeline_abandon(sluice_pipeline *pipe);

#endif
