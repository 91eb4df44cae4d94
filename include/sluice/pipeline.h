/*
 * A pipeline: a model cut into stages, one thread per device, trained step by
 * step under a schedule.
 *
 * While a step, evaluation or inference is under way, OpenBLAS runs one thread
 * per call in the whole process; the host's setting is put back afterwards.
 *
 * Devices are pinned to cores that the creating thread may run on and that no
 * other pipeline of the machine has; if there are not enough of them, none is
 * pinned.  A pipeline keeps one open descriptor for each of its cores.
 *
 * fork().  A pipeline belongs to the process that created it: its devices are
 * threads, which fork() does not copy.  In a child step, evaluate and infer
 * return SLUICE_INVALID, cancel does nothing, and destroy frees the copy of the
 * memory without waiting for anybody.  What only reads answers as of the moment
 * of the fork, parameters included, unless a step was under way: then they may
 * be half updated.  Until it is destroyed, or the child ends or calls exec, the
 * copy keeps the cores claimed.  The child may create pipelines of its own,
 * also while the parent steps, and finds the host's setting of BLAS.  fork()
 * waits for the matrix products under way; it may not be called from a signal
 * handler, and a child that a layer, loss, optimizer or callback makes must
 * call exec or _exit().
 *
 * pthread_cancel().  A thread that is cancelled in a call of a pipeline makes
 * the call to its end, and ends afterwards: step, evaluate and infer are
 * cancellation points only when they begin, the others never.  To end a call
 * early there is sluice_pipeline_cancel().  Devices cannot be cancelled, and no
 * user code may end the thread that runs it.
 *
 * Everything is settled by sluice_pipeline_create(): shapes, order, memory,
 * peers.  A step allocates nothing and copies nothing between devices.
 *
 * For a fixed number of micro-batches, backward order and number of replicas
 * the trained parameters are the same to the last bit for every number of
 * devices, partition, rematerialization and queue capacity.  Copies of the
 * model add up partial sums of their own: there the bits also depend on which
 * micro-batches go through which copy.  And unless
 * `join_weights` lets the schedule decide in which products rows are summed, or
 * the schedule is asynchronous: then devices and partition decide which version
 * of the weights is used.
 */
#ifndef SLUICE_PIPELINE_H
#define SLUICE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/loss.h>
#include <sluice/memory.h>
#include <sluice/model.h>
#include <sluice/optimizer.h>
#include <sluice/schedule.h>
#include <sluice/status.h>
#include <sluice/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_pipeline sluice_pipeline;

typedef enum sluice_cut {
    SLUICE_CUT_UNIFORM = 0, /* as many layers each, by at most one */
    SLUICE_CUT_LIST,        /* `partition` gives the sizes */
    SLUICE_CUT_FLOPS,       /* minimize the slowest device's operations */
    SLUICE_CUT_TIME,        /* ... its time, measured once at creation */
    SLUICE_CUT_BYTES,       /* ... its parameters, with all that is kept of
                               them, and activations of a mini-batch */
} sluice_cut;

typedef enum sluice_pinning {
    SLUICE_PIN_AUTO = 0, /* pin if there is a free core for each device */
    SLUICE_PIN_OFF,
} sluice_pinning;

/* What a step does about values that are NaN or infinite. */
typedef enum sluice_finite {
    SLUICE_FINITE_LOSS = 0,  /* it fails with SLUICE_NOT_FINITE, and changes
                                nothing, if the loss of a micro-batch is none */
    SLUICE_FINITE_OFF,       /* nothing is looked at: the update is made, and
                                sluice_result.loss shows it */
    SLUICE_FINITE_GRADIENTS, /* as FINITE_LOSS, and before an update each device
                                reads its gradients: if one is not finite, the
                                step fails and names the parameter */
} sluice_finite;

typedef enum sluice_log_level {
    SLUICE_LOG_INFO = 0,
    SLUICE_LOG_WARNING,
} sluice_log_level;

/* Called by the thread that creates the pipeline; `text` has no newline. */
typedef void sluice_log(void *context, sluice_log_level level,
                        const char *text);

/* Zero means the default in every field. */
typedef struct sluice_pipeline_config {
    sluice_schedule_config schedule; /* K devices, at most SLUICE_MAX_DEVICES,
                                        and M micro-batches, both 1 by default;
                                        the generator's name and options; its
                                        allocator, NULL: the pipeline's */
    sluice_remat remat;              /* which micro-batches of it recompute */
    const sluice_schedule *custom;   /* replaces the schedule that `schedule`
                                        and `remat` describe: it is copied, and
                                        they are not read, except that devices
                                        and microbatches, if not 0, must be
                                        those of the custom one.  A lowered one
                                        is verified in both forms and runs in
                                        the compute-only form: an action
                                        receives as it starts and sends as it
                                        ends, with the same bits */

    int replicas;  /* R copies of the pipeline, each on K devices of its own,
                      that share the rows and add up their gradients: data
                      parallelism; default 1 */
    int64_t batch; /* rows of a full mini-batch; must be given */
    bool uneven;   /* allow a batch that M does not divide */

    sluice_cut cut;
    const int *partition; /* [stages of one copy], for SLUICE_CUT_LIST: layers
                             of each */

    const sluice_loss_ops *loss; /* must be given */
    const void *loss_config;
    const sluice_optimizer_ops *optimizer; /* must be given */
    const void *optimizer_config;
    uint64_t seed;

    bool join_weights; /* where the schedule puts W actions of one stage and of
                          consecutive micro-batches next to each other, whose
                          F, B or I, and R if they have one, come in that order
                          too, compute them in one call for each layer that
                          allows it (its plan's joins_rows): longer matrix
                          products, in another order of summation, so that the
                          bits depend on schedule and partition.  Micro-batches
                          with fewer rows than the largest of a full batch stay
                          alone. */

    int queue_capacity;      /* items a producer may run ahead; default 2 */
    size_t device_cap_bytes; /* memory of one device; 0: no limit.  Measuring a
                                layer for a cut by time takes no more, if need
                                be with fewer rows. */
    sluice_pinning pinning;
    int64_t spin_ns; /* how long a wait spins before it parks; 0: 200 us if
                        there is a core for each device, else not at all;
                        negative: not at all.  Without a core for each device
                        a spinning one yields between two looks. */
    bool trace;      /* record events; see sluice_pipeline_trace() */
    sluice_finite finite;

    sluice_log *log; /* NULL: silent */
    void *log_context;
    const sluice_allocator *allocator; /* NULL: malloc */
} sluice_pipeline_config;

/* Bytes of one device's arena, each part rounded up to its alignment. */
typedef struct sluice_memory_plan {
    size_t parameters;
    size_t gradients;
    size_t optimizer; /* states */
    size_t versions;  /* in an asynchronous schedule: of the weights, but the
                         newest; and what the step began with, states included,
                         should it fail */
    size_t boundary;  /* slots its neighbours fill */
    size_t stash;     /* activations from forward to backward */
    size_t workspace; /* within one action */
    size_t total;
} sluice_memory_plan;

/*
 * What creating a pipeline would need: plans[devices], without creating it or
 * starting a thread.  The cap is not applied.
 *
 * Returns  as sluice_pipeline_create(), but SLUICE_OVER_CAP and SLUICE_SYSTEM.
 */
SLUICE_API sluice_status sluice_pipeline_plan(
    const sluice_model *model, const sluice_pipeline_config *config,
    sluice_memory_plan *plans, sluice_diag *why);

/*
 * Build the pipeline, start its devices, initialize the parameters.
 *
 * Takes    nothing: `model` must outlive the pipeline; the config and what it
 *          points to may go (but loss, optimizer, allocators and log context).
 * Threads  any; one pipeline per call, several pipelines may live at once.
 * Returns  SLUICE_OK;
 *          SLUICE_INVALID  a number out of range, a batch that M does not
 *                          divide (naming the nearest M that does), more
 *                          devices than layers, a partition that does not add
 *                          up, a loss or optimizer that refuses, lacks a
 *                          function, or fills in what cannot be;
 *          SLUICE_NOT_FOUND no generator of that name;
 *          SLUICE_SCHEDULE the verifier refused the schedule;
 *          SLUICE_OVER_CAP a device needs more than its cap: device, need, cap;
 *          SLUICE_NO_MEMORY also if the live devices of all pipelines of the
 *                          process, and its references, would be more than
 *                          OpenBLAS has buffers for: 65 with a build for 64
 *                          threads, as Debian's is;
 *          SLUICE_SYSTEM;
 *          or what a layer returns that fails while it is measured for a cut by
 *          time.
 */
SLUICE_API sluice_status sluice_pipeline_create(
    const sluice_pipeline_config *config, const sluice_model *model,
    sluice_pipeline **out, sluice_diag *why);

/* Join the devices and free everything; NULL is allowed.  No call may be
 * under way.  In a child of fork() there are no devices to join. */
SLUICE_API void sluice_pipeline_destroy(sluice_pipeline *pipe);

/* What a mini-batch came to. */
typedef struct sluice_result {
    double loss; /* mean over the terms of all rows */
    int64_t rows;
    int64_t correct; /* rows classified correctly, if the loss counts them */
} sluice_result;

/*
 * One training step: forward, backward, update.
 *
 * `rows` may be less than the batch: the rows are then spread over the M
 * micro-batches as evenly as can be, and weigh exactly.
 *
 * Under an asynchronous schedule the step makes several updates, each by the
 * gradient of the mean loss over the rows of its own micro-batches; one that
 * has no rows changes nothing.
 *
 * Shapes   x[rows][input] of the model's input type, float or int32_t;
 *          targets[rows] as the loss defines them; both are read in place until
 *          the call returns.  `result` may be NULL.
 * Threads  one call of step, evaluate or infer at a time.
 * Blocks   until every device is done.
 * Returns  SLUICE_OK; SLUICE_INVALID for rows < 1 or > batch, no x or targets,
 *          or in a child of fork();
 *          SLUICE_CANCELLED; SLUICE_NOT_FINITE if the loss of a micro-batch, or
 *          a gradient, is NaN or infinite, as far as `finite` says; or the
 *          first error of a layer, loss or optimizer; all with device, stage,
 *          micro-batch and action.  After an error the parameters are as before
 *          the call, and the pipeline can step again.
 */
SLUICE_API sluice_status sluice_pipeline_step(sluice_pipeline *pipe,
                                              const void *x,
                                              const void *targets, int64_t rows,
                                              sluice_result *result,
                                              sluice_diag *why);

/*
 * Loss and correct rows of any number of rows, forward only, without dropout.
 * The loss may be NaN or infinite.
 *
 * Threads, Blocks, Returns  as sluice_pipeline_step(), but
 *          SLUICE_NOT_FINITE.
 */
SLUICE_API sluice_status sluice_pipeline_evaluate(
    sluice_pipeline *pipe, const void *x, const void *targets, int64_t rows,
    sluice_result *result, sluice_diag *why);

/*
 * The network's output y[rows][output] for x[rows][input], forward only,
 * without dropout.
 *
 * Threads, Blocks, Returns  as sluice_pipeline_step().
 */
SLUICE_API sluice_status sluice_pipeline_infer(sluice_pipeline *pipe,
                                               const void *x, int64_t rows,
                                               float *y, sluice_diag *why);

/*
 * End the step, evaluation or inference under way with SLUICE_CANCELLED, as
 * soon as each device has finished its current action.  Without one under way
 * it does nothing.
 *
 * Threads  any, at any time between create and destroy; not from a signal
 *          handler: it takes a lock.
 */
SLUICE_API void sluice_pipeline_cancel(sluice_pipeline *pipe);

/*
 * Copy a parameter out, or in, by name.
 *
 * Shapes   values[n], n the elements of the parameter.
 * Threads  while no step, evaluation or inference is under way.
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND; SLUICE_INVALID if n is not its number
 *          of elements; from set_parameter SLUICE_NOT_FINITE, and the parameter
 *          stays as it was, if a value is NaN or infinite.
 */
SLUICE_API sluice_status
sluice_pipeline_get_parameter(const sluice_pipeline *pipe, const char *name,
                              float *values, int64_t n, sluice_diag *why);
SLUICE_API sluice_status sluice_pipeline_set_parameter(sluice_pipeline *pipe,
                                                       const char *name,
                                                       const float *values,
                                                       int64_t n,
                                                       sluice_diag *why);

/* As get_parameter, for the gradient that the last update was made by. */
SLUICE_API sluice_status
sluice_pipeline_get_gradient(const sluice_pipeline *pipe, const char *name,
                             float *values, int64_t n, sluice_diag *why);

/*
 * The learning rate of the following steps; starts as the optimizer's.
 *
 * Threads  while no step is under way.
 * Returns  SLUICE_OK; SLUICE_INVALID, and the rate stays as it was, if it is
 *          NaN, negative, infinite or too large for a float.
 */
SLUICE_API sluice_status
sluice_pipeline_set_learning_rate(sluice_pipeline *pipe, double learning_rate);

/* Steps completed, however many updates the schedule makes in one. */
SLUICE_API uint64_t sluice_pipeline_n_steps(const sluice_pipeline *pipe);

/* Number of devices. */
SLUICE_API int sluice_pipeline_n_devices(const sluice_pipeline *pipe);

/* One device, for a map of the pipeline. */
typedef struct sluice_device_info {
    int first_layer; /* of its first stage */
    int n_layers;    /* of all its stages */
    int n_stages;
    int core; /* the CPU it is pinned to, as Linux numbers it; -1: none */
    sluice_memory_plan planned;
    size_t actual_bytes; /* handed out of its arena */
} sluice_device_info;

SLUICE_API void sluice_pipeline_device(const sluice_pipeline *pipe, int device,
                                       sluice_device_info *info);

/* The schedule that runs, rematerialization included; owned by the pipeline. */
SLUICE_API const sluice_schedule *
sluice_pipeline_schedule(const sluice_pipeline *pipe);

/*
 * The trace of the last step; owned by the pipeline, overwritten by the next
 * one.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if the pipeline was created without trace,
 *          has made no step, or the last one failed.
 */
SLUICE_API sluice_status sluice_pipeline_trace(const sluice_pipeline *pipe,
                                               sluice_trace *trace,
                                               sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
