/*
 * A pipeline: a model cut into stages, one thread per device, trained step by
 * step under a schedule.
 *
 * Devices.  A *device* is a thread with its own memory.  The devices of one
 * pipeline have the *places* 0 to K - 1: the device at place p runs list p of
 * the schedule.  A *team* of t devices may share a place: they run its list
 * together, each with its shard of the parameters.  Each of R replicas has K t
 * devices, R K t in all.  Wherever a call takes or names a device, its *index*
 * is meant: (r K + p) t + s for shard s at place p of replica r.
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
 * memory without waiting for a thread.  Calls that only read return the state
 * at the moment of the fork, parameters included; if a step was under way, the
 * parameters may be half updated.  The copy keeps the cores claimed until it is
 * destroyed, or the child ends or calls exec.  The child may create pipelines,
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
 * Bits.  For a fixed number of micro-batches, backward order and number of
 * replicas the trained parameters are the same to the last bit for every number
 * of devices, partition, rematerialization and queue capacity.  There are three
 * exceptions:
 *
 *     - If the schedule has several copies of the model, each copy makes a
 *       partial sum, and the bits also depend on which micro-batches go through
 *       which copy.
 *     - With `join_weights` the schedule and the partition decide which rows
 *       are summed in one product.
 *     - In an asynchronous schedule the devices and the partition decide which
 *       version of the weights a micro-batch uses.
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
#include <sluice/pipeline_choice.h>
#include <sluice/schedule.h>
#include <sluice/speed.h>
#include <sluice/status.h>
#include <sluice/trace.h>
#include <sluice/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_pipeline sluice_pipeline;
typedef struct sluice_world sluice_world; /* see world.h */

/* Zero means the default in every field. */
typedef struct sluice_pipeline_config {
    sluice_schedule_config schedule; /* K devices, at most SLUICE_MAX_DEVICES,
                                        and M micro-batches, both 1 by default;
                                        the generator's name and options; its
                                        allocator, NULL: the pipeline's */
    sluice_remat remat;              /* which micro-batches recompute */
    const sluice_schedule *custom;   /* replaces the schedule that `schedule`
                                        and `remat` describe.  The custom
                                        schedule is copied.  Of the other two
                                        only devices and microbatches are read:
                                        they must be 0 or those of the custom
                                        schedule.  A lowered schedule is
                                        verified in both forms and runs in the
                                        compute-only form: an action receives
                                        as it starts and sends as it ends, with
                                        the same bits */

    int replicas;  /* R: data parallelism.  R pipelines of K devices each share
                      the rows and add up their gradients; default 1 */
    int team;      /* t: tensor parallelism.  t devices work a stage, each with
                      its shard of it; default 1.  See docs/teams.md */
    int zero;      /* ZeRO: what the devices that hold the same part of the
                      model share out among them instead of having it each.  0:
                      nothing; 1: the optimizer's states, of which each has and
                      updates a run of elements; 2: gradients too; 3: parameters
                      too.  The bits are those of 0.  See docs/zero.md */
    int64_t batch; /* rows of a full mini-batch; must be given */
    bool uneven;   /* allow a batch that M does not divide */

    sluice_cut cut;
    const int *partition; /* [stages of one copy], for SLUICE_CUT_LIST: the
                             number of layers of each stage */

    const sluice_loss_ops *loss; /* must be given */
    const void *loss_config;
    const sluice_optimizer_ops *optimizer; /* must be given */
    const void *optimizer_config;
    uint64_t seed;

    bool join_weights; /* compute W actions that follow each other in one call
                          of each layer whose plan says `joins_rows`.  Matrix
                          products are longer, and the bits then depend on
                          schedule and partition.  docs/memory.md says which W
                          are joined. */

    int gather_weights; /* let the W actions of so many micro-batches stand
                           together: sluice_schedule_gather_weights().  Not read
                           with `custom`.  With `join_weights` they are one
                           product if they rise: gpipe needs SLUICE_IN_ORDER. */

    const char *gemm; /* what makes matrix products: "auto" (default), a fixed
                         rule of processor and shapes, see docs/performance.md;
                         "openblas", "packed", "onednn", or "plain" (slow).  The
                         bits depend on what it comes to, which
                         sluice_pipeline_gemm() tells. */

    const char *precision; /* of operands of products with weights: "float32"
                              (default), or "bf16", which changes the bits; it
                              needs gemm "plain", or oneDNN, a processor that
                              has it, and team 1.  "auto" refuses it where it
                              is slower.  See docs/performance.md */

    bool vocabulary_parallel; /* cut the head that the model ends with, and an
                                 embedding that it begins with, across the
                                 devices by their rows, each of which then holds
                                 1 / (K team) of them:
                                 sluice_schedule_vocabulary() of the schedule.
                                 So does a custom schedule that has S and T.
                                 Needs a loss that can be cut; the two may be
                                 tied.  The bits depend on K team */

    int queue_capacity;        /* items a producer may run ahead; default 2 */
    size_t device_cap_bytes;   /* memory of one device; 0: no limit.  Measuring
                                  the layers for a cut by time obeys it, too,
                                  with fewer rows if necessary. */
    const size_t *device_caps; /* [devices in all], by index: the same of each
                                  device, in addition; NULL: no limits */
    const double *device_speeds; /* [devices in all], by index, from
                                    SLUICE_SLOWEST to 1: to try on equal cores
                                    what unequal ones would do, each action of a
                                    device takes its time divided by this, on
                                    the wall clock and on the virtual one; bits
                                    stay the same.  NULL: 1 */
    sluice_pinning pinning;
    const int *pin_cpus; /* [n_pin_cpus], of this process's devices, or more */
    int n_pin_cpus;
    int64_t spin_ns; /* how long a waiting device polls before it sleeps; 0:
                        SLUICE_SPIN_NS if there is a core for each device, else
                        at once, and it yields the core between two polls;
                        negative: at once */
    bool trace;      /* record events; see sluice_pipeline_trace() */
    sluice_finite finite;
    bool check_recompute; /* if an R's output has another checksum than the
                             F's, the step fails in that R with
                             SLUICE_NOT_REPEATED, and changes nothing */

    int64_t watchdog_ns; /* report a device that is in one operation for so
                            long, see watch.h; goes with on_stuck; 0: never */
    sluice_on_stuck *on_stuck;
    void *stuck_context;

    sluice_world *world;  /* whose processes share the devices, see world.h */
    const int *processes; /* [n_processes] of each device; NULL: equal runs */
    int n_processes;

    sluice_log *log; /* NULL: silent; else it outlives the pipeline */
    void *log_context;
    const sluice_allocator *allocator; /* NULL: malloc */
} sluice_pipeline_config;

/* Bytes of one device's arena, each part rounded up to its alignment. */
typedef struct sluice_memory_plan {
    size_t parameters;
    size_t packed; /* copies of weights as matrix products read them fastest */
    size_t gradients;
    size_t optimizer; /* states */
    size_t versions;  /* asynchronous schedules only: all versions of the
                         weights except the newest, and the backup of weights
                         and states for a step that fails */
    size_t boundary;  /* slots that its neighbours fill, and those it fills for
                         neighbours in other processes */
    size_t stash;     /* activations from forward to backward */
    size_t workspace; /* within one action */
    size_t total;
} sluice_memory_plan;

/*
 * The memory that creating a pipeline would take, without creating it or
 * starting a thread.  The cap is not applied.
 *
 * Shapes   plans[K t], by place, those of a team together: the replicas need
 *          the same.
 * Returns  as sluice_pipeline_create(), except SLUICE_OVER_CAP and
 *          SLUICE_SYSTEM.
 */
SLUICE_API sluice_status sluice_pipeline_plan(
    const sluice_model *model, const sluice_pipeline_config *config,
    sluice_memory_plan *plans, sluice_diag *why);

/*
 * Build the pipeline, start its devices, initialize the parameters.
 *
 * Takes    nothing: `model`, and loss, optimizer, allocators and log context of
 *          the config, must outlive the pipeline.  The rest of the config is
 *          copied.
 * Threads  any; one pipeline per call, several pipelines may live at once.
 * Returns  SLUICE_OK;
 *          SLUICE_INVALID  a number or speed out of range, a batch that M does
 *                          not divide (naming the nearest M that does), more
 *                          devices than layers, a partition that does not add
 *                          up, a loss or optimizer that refuses its config,
 *                          lacks a function, or reports an impossible size, a
 *                          precision that GEMM backend or processor lacks;
 *          SLUICE_NOT_FOUND no such generator, GEMM backend or precision;
 *          SLUICE_SCHEDULE the verifier refused the schedule;
 *          SLUICE_OVER_CAP a device needs more than its cap; both are named;
 *          SLUICE_NO_MEMORY also if OpenBLAS has too few buffers for all live
 *                          devices and references of the process: Debian's
 *                          build, for 64 threads, has 65;
 *          SLUICE_SYSTEM;
 *          or what a layer returns that fails while it is measured for a cut
 *          by time.
 */
SLUICE_API sluice_status sluice_pipeline_create(
    const sluice_pipeline_config *config, const sluice_model *model,
    sluice_pipeline **out, sluice_diag *why);

/* Join the devices and free everything; NULL is allowed.  No call may be
 * under way.  In a child of fork() there are no devices to join. */
SLUICE_API void sluice_pipeline_destroy(sluice_pipeline *pipe);

/* The result of a mini-batch. */
typedef struct sluice_result {
    double loss; /* mean over the terms of all rows; 0 if none counts */
    int64_t rows;
    int64_t correct; /* terms classified correctly, if the loss counts them */
    int64_t terms;   /* that count, see sluice_loss_ops: all, unless the loss
                        ignores some */
} sluice_result;

/*
 * One training step: forward, backward, update.
 *
 * `rows` may be less than the batch: the rows are then spread over the M
 * micro-batches so that their sizes differ by at most one, and each term has
 * the same weight in the loss.
 *
 * Under an asynchronous schedule the step makes several updates.  Each uses the
 * gradient of the mean loss over the terms of those micro-batches that belong
 * to the update.
 *
 * An update whose terms are all ignored, or that has no rows, changes nothing;
 * it counts as an update all the same.
 *
 * Shapes   x[rows][input] of the model's input type, float or int32_t;
 *          targets[rows] as the loss defines them; both are read in place until
 *          the call returns.  `result` may be NULL.
 * Threads  one call of step, evaluate or infer at a time.
 * Blocks   until every device is done.  A layer that never returns cannot be
 *          ended from outside: cancelling waits for it, too.  The config's
 *          watchdog names it.
 * Returns  SLUICE_OK; SLUICE_INVALID for rows < 1 or > batch, no x or targets,
 *          or in a child of fork();
 *          SLUICE_CANCELLED; SLUICE_NOT_FINITE if the config's `finite` has
 *          the loss or the gradients checked, and one is NaN or infinite;
 *          SLUICE_NOT_REPEATED if the config has recomputation checked; or the
 *          first error of a layer, loss or optimizer.  Errors come with device,
 *          stage, micro-batch and action.  After an error the parameters are
 *          as before the call, and the pipeline can step again.
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
 * Threads, Blocks, Returns  as sluice_pipeline_step(), except
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

/* As get_parameter, for the gradient that the last update used; after a step
 * that failed its values are undefined. */
SLUICE_API sluice_status
sluice_pipeline_get_gradient(const sluice_pipeline *pipe, const char *name,
                             float *values, int64_t n, sluice_diag *why);

/*
 * Set the learning rate of the following steps.  The first one is that of the
 * optimizer's config.
 *
 * Threads  while no step is under way.
 * Returns  SLUICE_OK; SLUICE_INVALID, and the rate stays as it was, if it is
 *          NaN, negative, infinite or too large for a float.
 */
SLUICE_API sluice_status
sluice_pipeline_set_learning_rate(sluice_pipeline *pipe, double learning_rate);

/* Steps completed, however many updates the schedule makes in one. */
SLUICE_API uint64_t sluice_pipeline_n_steps(const sluice_pipeline *pipe);

/* Number of devices, of all replicas and teams: R K t. */
SLUICE_API int sluice_pipeline_n_devices(const sluice_pipeline *pipe);

/*
 * Which GEMM backends make the products of full micro-batches, constant text:
 * "openblas", "packed", "onednn" or "plain"; several with a plus between them,
 * in the order of the alphabet, such as "onednn+packed"; "none" without any.
 */
SLUICE_API const char *sluice_pipeline_gemm(const sluice_pipeline *pipe);

/* Its config's precision: "float32" or "bf16".  A constant string. */
SLUICE_API const char *sluice_pipeline_precision(const sluice_pipeline *pipe);

/* What one device holds. */
typedef struct sluice_device_info {
    int first_layer; /* of its first stage */
    int n_layers;    /* of all its stages: sluice_pipeline_stage() */
    int n_stages;
    int core; /* the CPU it is pinned to, as Linux numbers it; -1: none */
    sluice_memory_plan planned;
    size_t actual_bytes; /* handed out of its arena */
} sluice_device_info;

/* Describe the device with index `device`, from 0. */
SLUICE_API void sluice_pipeline_device(const sluice_pipeline *pipe, int device,
                                       sluice_device_info *info);

/* The schedule that runs, rematerialization included; owned by the pipeline. */
SLUICE_API const sluice_schedule *
sluice_pipeline_schedule(const sluice_pipeline *pipe);

/*
 * The trace of the last step; owned by the pipeline, overwritten by the next.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if the pipeline was created without trace,
 *          has made no step, or its last step failed.
 */
SLUICE_API sluice_status sluice_pipeline_trace(const sluice_pipeline *pipe,
                                               sluice_trace *trace,
                                               sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
