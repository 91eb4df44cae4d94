/*
 * Adding up the gradients of a part of the model, which its copies in all
 * replicas have made: a reduce-scatter and an all-gather of the group that
 * holds the part (chan/collective.h).
 *
 * With C copies and R replicas there are n = C R members, those of replica 0
 * first.  Member i adds up chunk i of all, in their order; then each member
 * copies the other chunks.  Each device reads 2 (n - 1) / n of the gradient's
 * bytes from others.
 */
#ifndef SL_PIPELINE_REDUCE_H
#define SL_PIPELINE_REDUCE_H

#include "pipeline/pipeline.h"

/*
 * Before an UPDATE replace the gradient of its stage by the sum over all copies
 * in all replicas; nothing to do for a single one, or if none of them has rows.
 *
 * Threads  the devices that hold a copy, each for itself.
 * Blocks   until the others have come; a failure wakes it.
 * Returns  SLUICE_OK, or SLUICE_CLOSED if the step has failed.
 */
sluice_status sl_reduce_gradient(struct sl_device *device,
                                 const struct sl_op *op);

#endif
