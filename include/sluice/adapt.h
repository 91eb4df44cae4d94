/*
 * Adapting a pipeline to its devices while it trains: how fast each is follows
 * from what its actions take, a plan is looked for when that changes, and the
 * pipeline is reshaped if the plan is worth it.
 *
 *     sluice_adapter_create(&(sluice_adapt_config){.model = model,
 *         .pipeline = &config, .margin = 0.1}, pipe, &adapter, &why);
 *     for (...) {
 *         sluice_pipeline_step(pipe, x, targets, rows, &result, &why);
 *         sluice_adapter_step(adapter, pipe, &news, &why);
 *     }
 *
 * Speeds.  A device that takes as long as in the fastest of the first steps has
 * speed 1; one that takes twice as long has 0.5.  What actions take is
 * wall-clock time from their start to their end, without waiting: a core that
 * is slow, shared with another program, or throttled shows in the same way. The
 * speed is the median over a window of steps.
 *
 * Bits.  The number of micro-batches and the order in which gradients are added
 * stay: a training that is adapted ends in the bits of one that is not, except
 * as sluice/pipeline.h says.
 *
 * In several processes (world.h) all of them create an adapter and call it
 * after the same steps.  Process 0 judges the devices of all, and all reshape
 * as it says; each device stays in its process.
 *
 * docs/planning.md says what is measured, and how a decision is made.
 */
#ifndef SLUICE_ADAPT_H
#define SLUICE_ADAPT_H

#include <stdint.h>

#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/model.h>
#include <sluice/pipeline.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SLUICE_ADAPT_TEXT = 448,       /* bytes of a sentence */
    SLUICE_ADAPT_WINDOW = 7,       /* steps, by default */
    SLUICE_ADAPT_MOST_WINDOW = 63, /* steps, at most */
};

/* Zero means the default in every field except the first two. */
typedef struct sluice_adapt_config {
    const sluice_model *model;              /* must be given */
    const sluice_pipeline_config *pipeline; /* with which it was created, with
                                               `trace`; must be given.  Its
                                               device_speeds and caps are those
                                               of the machine's devices */
    const char *schedules; /* as in sluice_plan_config, whose UPDATE order is
                              that of the pipeline; NULL: the generator of
                              `pipeline` */
    double margin; /* reshape if the step now takes more than 1 + margin times
                      what the plan takes; 0.1 */
    int window;    /* steps whose median counts, odd; SLUICE_ADAPT_WINDOW */
    const int64_t *costs_ns; /* [n_layers][SLUICE_N_ACTION_KINDS]: how the time
                                of a stage is shared among its layers; NULL: by
                                operations and bytes */
    const sluice_allocator *allocator; /* NULL: malloc */
} sluice_adapt_config;

typedef enum sluice_adapted {
    SLUICE_ADAPT_NOTHING = 0,
    SLUICE_ADAPT_RESHAPED, /* the pipeline has another shape */
    SLUICE_ADAPT_MEASURED, /* the first window in that shape is complete */
    SLUICE_ADAPT_REFUSED,  /* a reshape was worth it and failed: the pipeline is
                              as it was */
} sluice_adapted;

/* What a call saw and did. */
typedef struct sluice_adaptation {
    sluice_adapted what;
    int device;           /* of the machine, whose speed changed most; -1: one
                             was lost, or has come back */
    double speed;         /* its */
    int64_t before_ns;    /* a step before the reshape took, the median */
    int64_t predicted_ns; /* a step was to take afterwards */
    int64_t measured_ns;  /* it took, if MEASURED, or if RESHAPED back, or
                             REFUSED that, because it was longer than before;
                             else 0 */
    int64_t expected_ns;  /* if MEASURED: as predicted_ns, at the speeds that
                             devices have shown since the reshape */
    char text[SLUICE_ADAPT_TEXT]; /* the same as a sentence */
} sluice_adaptation;

typedef struct sluice_adapter sluice_adapter;

/*
 * Begin to watch a pipeline.  Its devices are the machine's, and are numbered
 * as they are now.
 *
 * Takes    nothing: what the config points to, and what the pipeline's config
 *          points to, must outlive the adapter.
 * Returns  SLUICE_OK; SLUICE_INVALID for a margin or window out of range, a
 *          pipeline without `trace`, with replicas, teams, a cut vocabulary,
 *          copies or several updates in a step, more than
 *          SLUICE_PLAN_MAX_STAGES stages, or a schedule of no generator's name;
 *          SLUICE_NO_MEMORY; what sluice_plan_layers() returns.  In several
 *          processes all return the same.
 */
SLUICE_API sluice_status sluice_adapter_create(
    const sluice_adapt_config *config, const sluice_pipeline *pipe,
    sluice_adapter **out, sluice_diag *why);

/* End it; NULL is allowed.  The pipeline stays as it is. */
SLUICE_API void sluice_adapter_destroy(sluice_adapter *adapter);

/*
 * Look at the step that was made, and reshape the pipeline if that is worth it.
 * Call it after each step of a full batch that succeeded, and reshape the
 * pipeline by no other means.
 *
 * Threads  the caller's, as sluice_pipeline_reshape().
 * Blocks   in several processes, until all have called it, or one is gone.
 * Returns  SLUICE_OK, also if a reshape was refused; SLUICE_INVALID without a
 *          trace; in several processes as sluice_pipeline_trace_all().
 */
SLUICE_API sluice_status sluice_adapter_step(sluice_adapter *adapter,
                                             sluice_pipeline *pipe,
                                             sluice_adaptation *news,
                                             sluice_diag *why);

/*
 * Slow devices of the machine down from the next step on, as device_speeds of a
 * pipeline: to see what an adapter does about it.
 *
 * Shapes   speeds[n], n the number of devices at the start, of all processes.
 * Returns  as sluice_pipeline_set_speeds().
 */
SLUICE_API sluice_status sluice_adapter_set_speeds(sluice_adapter *adapter,
                                                   sluice_pipeline *pipe,
                                                   const double *speeds, int n,
                                                   sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
