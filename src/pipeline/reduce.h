/*
 * Adding up the gradients of a part of the model, which its copies in all
 * replicas have made: a reduce-scatter and an all-gather of the group that
 * holds the part (chan/collective.h).
 *
 * With C copies and R replicas there are n = C R members, those of replica 0
 * first.  Member i adds up chunk i of all, in their order; then each member
 * copies the other chunks.  Each device reads 2 (n - 1) / n of the gradient's
 * bytes from others.  With ZeRO it copies chunks of updated parameters, and not
 * of gradients: the same number of bytes.
 */
#ifndef SL_PIPELINE_REDUCE_H
#define SL_PIPELINE_REDUCE_H

#include "pipeline/pipeline.h"

/* Whether there is anything to add up: the stage has parameters, and some
 * micro-batch that goes into the update has rows. */
bool sl_reduces(const struct sl_device *device, const struct sl_op *op);

/* Whether all of the sum is wanted. */
bool sl_gathers(const struct sl_device *device, const struct sl_op *op);

/* Whether the gradient lies where another stage's will lie. */
bool sl_leaves(const struct sl_device *device, const struct sl_op *op);

/* Whether parts of the stage have been updated by several devices. */
bool sl_unshards(const struct sl_device *device, const struct sl_op *op);

/*
 * Before an UPDATE replace the gradient of its stage by the sum over all copies
 * in all replicas: a chunk of it; then the chunks of the others; then wait
 * until no member reads it any more.  Each begins its work on the clocks once
 * the others have come.
 *
 * Threads  the devices that hold a copy, each for itself.
 * Blocks   until the others have come; a failure wakes it.
 * Returns  SLUICE_OK, or SLUICE_CLOSED if the step has failed.
 */
sluice_status sl_reduce_scatter(struct sl_device *device,
                                const struct sl_op *op, sluice_diag *why);
sluice_status sl_reduce_gather(struct sl_device *device, const struct sl_op *op,
                               sluice_diag *why);
sluice_status sl_reduce_fence(struct sl_device *device, const struct sl_op *op,
                              sluice_diag *why);

/* Whether the stage has parameters to be brought. */
bool sl_brings(const struct sl_device *device, const struct sl_op *op);

/* Whether they, or those of another device of its team, are. */
bool sl_brings_team(const struct sl_device *device, const struct sl_op *op);

/*
 * CLEAR: wait until no member reads any more what it has brought from this
 * device's room.  BRING: have all parameters of the stage there, the own chunk
 * and those that the other holders have.
 *
 * Threads, Blocks, Returns  as sl_reduce_scatter().
 */
sluice_status sl_reduce_clear(struct sl_device *device, const struct sl_op *op,
                              sluice_diag *why);
sluice_status sl_reduce_bring(struct sl_device *device, const struct sl_op *op,
                              sluice_diag *why);

/* Whether there is anything to add up of a cut vocabulary. */
bool sl_reduces_tables(const struct sl_device *device, const struct sl_op *op);

/*
 * The first two of sl_reduce_scatter(), of the device's rows of a table that is
 * cut: over all replicas.  They meet as those of the device's first stage do.
 *
 * Threads, Blocks, Returns  as sl_reduce_scatter().
 */
sluice_status sl_reduce_table_scatter(struct sl_device *device,
                                      const struct sl_op *op, sluice_diag *why);
sluice_status sl_reduce_table_gather(struct sl_device *device,
                                     const struct sl_op *op, sluice_diag *why);

/*
 * LEAVE: keep this device's chunk of the sum, and wait until no member reads
 * the gradient any more.
 *
 * Threads, Blocks, Returns  as sl_reduce_scatter().
 */
sluice_status sl_reduce_leave(struct sl_device *device, const struct sl_op *op,
                              sluice_diag *why);

/*
 * UNSHARD, once all have committed: take from the other holders of the stage's
 * part the parameters that they have updated, and forget what was packed of the
 * old ones.  No device writes parameters again before all have ended the step.
 *
 * Threads  the devices that hold a copy, each for itself.
 * Blocks   until the others have updated theirs, or a process has ended.
 * Returns  SLUICE_OK; of a process that has ended the job's end tells.
 */
sluice_status sl_reduce_unshard(struct sl_device *device,
                                const struct sl_op *op, sluice_diag *why);

/* The same of the device's rows of a table that is cut. */
sluice_status sl_reduce_table_unshard(struct sl_device *device,
                                      const struct sl_op *op, sluice_diag *why);

#endif
