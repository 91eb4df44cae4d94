/*
 * The sequential reference: the training that a pipeline must equal to the
 * last bit.
 *
 * One thread, no queues, no schedule: it does what a step means, in the order
 * in which it is defined,
 *
 *     rows         shared by the R replicas, then spread over the M
 *                  micro-batches of each, as evenly as can be, the larger ones
 *                  first; those without rows are left out
 *     forward      replica 0, 1, ...: micro-batch 0, 1, ... M-1, each through
 *                  all layers
 *     loss         the sums of the micro-batches, added in that order
 *     backward     micro-batch M-1, ... 0, or 0, ... M-1; each layer adds its
 *                  gradient to that of the micro-batches before, or that of a
 *                  group, see sluice_reference_join(); then the gradients of
 *                  the replicas are added, 0 + 1 + ...
 *
 *     update       once, by the gradient of the mini-batch's mean
 *
 * and shares with the pipeline only layers, loss, optimizer and model.  It is
 * for tests, and for measurements that check themselves while they run.
 *
 * A child of fork() may use its copy, which no thread of the parent touched at
 * that moment.  As with a pipeline, a thread that is cancelled in a step,
 * evaluation or inference makes the call to its end.
 */
#ifndef SLUICE_REFERENCE_H
#define SLUICE_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/model.h>
#include <sluice/pipeline.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_reference sluice_reference;

/*
 * A reference for pipelines made with `config`.  Reads batch, replicas, uneven,
 * loss, loss_config, optimizer, optimizer_config, seed, finite, allocator, and
 * of `schedule` microbatches and backward_order, and nothing else: a pipeline
 * whose schedule is not "gpipe" must be compared in the backward order of that
 * schedule.
 *
 * Takes    nothing: `model` must outlive the reference, so must loss, optimizer
 *          and allocator.
 * Returns  SLUICE_OK; SLUICE_INVALID for what sluice_pipeline_create() would
 *          refuse in those fields; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_reference_create(
    const sluice_pipeline_config *config, const sluice_model *model,
    sluice_reference **out, sluice_diag *why);

/* Free a reference; NULL is allowed. */
SLUICE_API void sluice_reference_destroy(sluice_reference *ref);

/*
 * Take the weight gradients of a layer in groups, as a pipeline made with
 * join_weights takes the W that its schedule puts next to each other: in the
 * order of the micro-batches, the first groups[0] of each replica by one call
 * of backward_weight() with the rows of all, then groups[1], and so on; those
 * left over one by one.  Micro-batches with fewer rows than the largest of a
 * full batch stay alone, as do all of a layer whose plan does not say
 * joins_rows.
 *
 * Shapes   groups[n_groups], each at least 1, together at most M.
 * Returns  SLUICE_OK; SLUICE_INVALID for a number out of range, backwards that
 *          do not run in order, or a reference with versions;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_reference_join(sluice_reference *ref, int layer,
                                               const int *groups, int n_groups,
                                               sluice_diag *why);

/*
 * Make the micro-batches go through copies of the model, as a bidirectional
 * schedule lets them: micro-batch m of each replica through microbatch_copy[m].
 * Each copy adds up the gradients of its own, in the backward order; then those
 * of the copies are added, copy 0 + copy 1 + ... of replica 0, then of
 * replica 1, ...
 *
 * Shapes   microbatch_copy[M], each below n_copies.
 * Returns  SLUICE_OK; SLUICE_INVALID for a number out of range, or a reference
 *          with versions;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_reference_copies(sluice_reference *ref,
                                                 int n_copies,
                                                 const int *microbatch_copy,
                                                 sluice_diag *why);

/*
 * Make the following steps those of an asynchronous schedule.  Version 1 is
 * the weights that a step begins with, and update number u, from 1, makes
 * version u + 1:
 *
 *     update u     micro-batches in order, the first groups[0], then groups[1],
 *                  ...: for each replica forward and backward, one micro-batch
 *                  after the other, layer i with version versions[i][m] in
 *                  both; then the sum over the replicas, then the optimizer,
 *                  by the gradient of the mean over the rows of the group
 *
 * A group without rows makes a version like the one before; the optimizer
 * counts it.  Call it once.
 *
 * Shapes   groups[n_groups], each at least 1, together M;
 *          versions[n_layers][M], from 1 to the group of m, counted from 1.
 * Returns  SLUICE_OK; SLUICE_INVALID for a number out of range, backwards that
 *          do not run in order, a layer that joins, copies, or a second
 *          call;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_reference_versions(sluice_reference *ref,
                                                   const int *groups,
                                                   int n_groups,
                                                   const int *versions,
                                                   sluice_diag *why);

/*
 * The order in which every stage of a schedule adds up the gradients of its
 * micro-batches: what `schedule.backward_order` of the reference's config must
 * be.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if it is neither of the two, the same for
 *          all stages: then no reference has the same bits.
 */
SLUICE_API sluice_status sluice_reference_order(const sluice_schedule *schedule,
                                                sluice_backward_order *order,
                                                sluice_diag *why);

/*
 * Whether there is a reference with the bits of a pipeline that runs this
 * schedule: its order is one of the two, and W are joined only where one copy
 * of the model is updated once.
 */
SLUICE_API bool sluice_reference_exists(const sluice_schedule *schedule,
                                        bool join_weights);

/*
 * Make the following steps those that a pipeline with this schedule makes:
 * calls copies(), versions() and join() as the schedule's actions tell.  The
 * reference must have been created with the schedule's micro-batches and order.
 * Versions and joined W depend on the cut: partition[n_stages] are the layers
 * of each stage; NULL: spread evenly, as sluice_partition_uniform() does it.
 * With backwards in reverse nothing is joined.  Call it once.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID for another number of micro-batches, a
 *          partition that does not hold all layers, updates that do not take
 *          the micro-batches in order, or a schedule for which
 *          sluice_reference_exists() is false; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_reference_follow(
    sluice_reference *ref, const sluice_schedule *schedule,
    const int *partition, bool join_weights, sluice_diag *why);

/*
 * One training step: forward, backward, update.
 *
 * Shapes   x[rows][input] of the model's input type, targets[rows] as the loss
 *          defines them; `result` may be NULL.
 * Returns  SLUICE_OK; SLUICE_INVALID for rows < 1 or > batch;
 *          SLUICE_NOT_FINITE as the pipeline's step; or the error of a layer,
 *          loss or optimizer, without coordinates.  After an error parameters,
 *          optimizer and number of steps are as before.
 */
SLUICE_API sluice_status
sluice_reference_step(sluice_reference *ref, const void *x, const void *targets,
                      int64_t rows, sluice_result *result, sluice_diag *why);

/*
 * Loss and correct rows of any number of rows, forward only, not in training:
 * mini-batch by mini-batch, the loss sums of all micro-batches added in order.
 *
 * Returns  as sluice_reference_step().
 */
SLUICE_API sluice_status sluice_reference_evaluate(
    sluice_reference *ref, const void *x, const void *targets, int64_t rows,
    sluice_result *result, sluice_diag *why);

/*
 * The network's output y[rows][output], forward only, not in training.
 *
 * Returns  as sluice_reference_step().
 */
SLUICE_API sluice_status sluice_reference_infer(sluice_reference *ref,
                                                const void *x, int64_t rows,
                                                float *y, sluice_diag *why);

/*
 * Copy a parameter out, or in, by name; or the gradient of the last step.
 *
 * Shapes   values[n], n the elements of the parameter.
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND; SLUICE_INVALID if n is not its number
 *          of elements; from set_parameter SLUICE_NOT_FINITE, and the parameter
 *          stays as it was, if a value is NaN or infinite.
 */
SLUICE_API sluice_status
sluice_reference_get_parameter(const sluice_reference *ref, const char *name,
                               float *values, int64_t n, sluice_diag *why);
SLUICE_API sluice_status sluice_reference_set_parameter(sluice_reference *ref,
                                                        const char *name,
                                                        const float *values,
                                                        int64_t n,
                                                        sluice_diag *why);
SLUICE_API sluice_status
sluice_reference_get_gradient(const sluice_reference *ref, const char *name,
                              float *values, int64_t n, sluice_diag *why);

/* The learning rate of the following steps; starts as the optimizer's.
 * Refused as by sluice_pipeline_set_learning_rate(). */
SLUICE_API sluice_status
sluice_reference_set_learning_rate(sluice_reference *ref, double learning_rate);

/* Steps completed. */
SLUICE_API uint64_t sluice_reference_n_steps(const sluice_reference *ref);

#ifdef __cplusplus
}
#endif

#endif
