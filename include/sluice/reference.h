/*
 * The sequential reference: the training that a pipeline must equal to the
 * last bit.
 *
 * It has one thread, no queues and no schedule, and computes a step in the
 * order in which a step is defined:
 *
 *     rows         divided among the R replicas, then among the M
 *                  micro-batches of each: sizes differ by at most one, the
 *                  larger come first, micro-batches without rows are left out
 *     forward      replica 0, 1, ...: micro-batch 0, 1, ... M-1, each through
 *                  all layers
 *     loss         the sums of the micro-batches, added in that order
 *     backward     micro-batch M-1, ... 0, or 0, ... M-1; each layer adds the
 *                  gradient of a micro-batch, or of several micro-batches at
 *                  once (see sluice_reference_join()), to the sum so far; then
 *                  the gradients of the replicas are added, 0 + 1 + ..., and
 *                  those of the uses of a tied parameter, in the order of the
 *                  model
 *     update       once, by the gradient of the mini-batch's mean; not at all
 *                  if none of its terms counts
 *
 * It shares only layers, matrix products, loss, optimizer and model with the
 * pipeline.  It is for tests, and for measurements that check themselves while
 * they run.
 *
 * A child of fork() may use its copy, if no thread of the parent was in a call
 * of this reference at that moment.  As with a pipeline, a thread that is
 * cancelled in a step, evaluation or inference completes the call first.
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
 * A reference for pipelines made with `config`.  It reads only batch, replicas,
 * uneven, loss, loss_config, optimizer, optimizer_config, seed, finite, gemm,
 * precision and allocator, and of `schedule` microbatches and backward_order.
 * For a schedule other than "gpipe" set backward_order to the order of that
 * schedule: see sluice_reference_order().
 *
 * Takes    nothing: `model` must outlive the reference, so must loss, optimizer
 *          and allocator.
 * Returns  SLUICE_OK; SLUICE_INVALID or SLUICE_NOT_FOUND for what
 *          sluice_pipeline_create() would refuse in those fields;
 *          SLUICE_NO_MEMORY; SLUICE_SYSTEM if a library of matrix products
 *          refused one.
 */
SLUICE_API sluice_status sluice_reference_create(
    const sluice_pipeline_config *config, const sluice_model *model,
    sluice_reference **out, sluice_diag *why);

/* Free a reference; NULL is allowed. */
SLUICE_API void sluice_reference_destroy(sluice_reference *ref);

/*
 * Compute the weight gradients of a layer in groups, as a pipeline with
 * `join_weights` does.  A *group* is a number of consecutive micro-batches: the
 * first groups[0] micro-batches of each replica, then the next groups[1], and
 * so on.  One call of backward_weight() takes the rows of a whole group; the
 * micro-batches left over are taken one by one.  A micro-batch with fewer rows
 * than the largest one of a full batch stays alone, and so do all micro-batches
 * of a layer whose plan does not say `joins_rows`.
 *
 * Shapes   groups[n_groups], each at least 1, their sum at most M.
 * Returns  SLUICE_OK; SLUICE_INVALID for a number out of range, if backwards do
 *          not run in order, or after sluice_reference_versions();
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_reference_join(sluice_reference *ref, int layer,
                                               const int *groups, int n_groups,
                                               sluice_diag *why);

/*
 * Make the micro-batches go through copies of the model, as in a bidirectional
 * schedule: micro-batch m of each replica goes through copy microbatch_copy[m].
 * Each copy adds up the gradients of its micro-batches, in the backward order;
 * then the sums are added, copy 0 + copy 1 + ... of replica 0, then those of
 * replica 1, ...
 *
 * Shapes   microbatch_copy[M], each below n_copies.
 * Returns  SLUICE_OK; SLUICE_INVALID for a number out of range, or after
 *          sluice_reference_versions();
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_reference_copies(sluice_reference *ref,
                                                 int n_copies,
                                                 const int *microbatch_copy,
                                                 sluice_diag *why);

/*
 * Make the following steps those of an asynchronous schedule.  Version 1 is
 * the weights at the beginning of a step, and update number u, from 1, makes
 * version u + 1:
 *
 *     update u     micro-batches in order, the first groups[0], then groups[1],
 *                  ...: for each replica forward and backward, one micro-batch
 *                  after the other, layer i with version versions[i][m] in
 *                  both; then the sum over the replicas, then the optimizer,
 *                  by the gradient of the mean over the terms of the group
 *
 * Here a group is the micro-batches of one update.  A group without rows, or
 * without a term that counts, makes a version equal to the one before it, and
 * the optimizer counts the update.
 * Call it once.
 *
 * Shapes   groups[n_groups], each at least 1, their sum M;
 *          versions[n_layers][M]: micro-batch m of group g, counted from 1, may
 *          use the versions 1 to g.
 * Returns  SLUICE_OK; SLUICE_INVALID for a number out of range, if backwards do
 *          not run in order, after sluice_reference_join() or
 *          sluice_reference_copies(), or for a second call;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_reference_versions(sluice_reference *ref,
                                                   const int *groups,
                                                   int n_groups,
                                                   const int *versions,
                                                   sluice_diag *why);

/*
 * The order in which all stages of a schedule add up the gradients of their
 * micro-batches: set `schedule.backward_order` of the reference's config to it.
 * It is SLUICE_IN_ORDER too for one that is neither ascending nor descending,
 * as that of seq1f1b, which sluice_reference_follow() then tells the reference.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if the stages differ, or the order is
 *          neither of the two in a schedule with several copies of the model or
 *          several UPDATEs of a stage: then no reference has the same bits.
 */
SLUICE_API sluice_status sluice_reference_order(const sluice_schedule *schedule,
                                                sluice_backward_order *order,
                                                sluice_diag *why);

/*
 * Whether there is a reference with the bits of a pipeline that runs this
 * schedule: sluice_reference_order() succeeds, and `join_weights` is false or
 * the schedule has one copy of the model, one UPDATE for each stage, and an
 * order that is ascending or descending.
 */
SLUICE_API bool sluice_reference_exists(const sluice_schedule *schedule,
                                        bool join_weights);

/*
 * Make the following steps those of a pipeline with this schedule: it calls
 * sluice_reference_copies(), _versions() and _join() with what the schedule's
 * actions say, and takes over the order of its backwards.  The reference must
 * have been created with the schedule's number of micro-batches.
 * Versions and joined W depend on the cut: partition[n_stages] is the number of
 * layers of each stage; NULL means sluice_partition_uniform().  If the
 * backwards run in reverse order, no W are joined.  Call it once.
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
 * Loss and correct rows of any number of rows, forward only, without dropout:
 * mini-batch by mini-batch, the loss sums of all micro-batches added in order.
 *
 * Returns  as sluice_reference_step().
 */
SLUICE_API sluice_status sluice_reference_evaluate(
    sluice_reference *ref, const void *x, const void *targets, int64_t rows,
    sluice_result *result, sluice_diag *why);

/*
 * The network's output y[rows][output], forward only, without dropout.
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

/*
 * Go on where `from` stands, a reference of the same model and optimizer: with
 * its parameters, optimizer states, number of steps and learning rate.  So a
 * training whose number of micro-batches or replicas changes has a reference.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID for another model, or an optimizer with
 *          another number of states.
 */
SLUICE_API sluice_status sluice_reference_continue(sluice_reference *ref,
                                                   const sluice_reference *from,
                                                   sluice_diag *why);

/* Set the learning rate of the following steps.  Returns as
 * sluice_pipeline_set_learning_rate(). */
SLUICE_API sluice_status
sluice_reference_set_learning_rate(sluice_reference *ref, double learning_rate);

/* Steps completed. */
SLUICE_API uint64_t sluice_reference_n_steps(const sluice_reference *ref);

#ifdef __cplusplus
}
#endif

#endif
