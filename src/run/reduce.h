/*
 * Adding up the gradients of replicas: a reduce-scatter and an all-gather over
 * shared memory.
 *
 * The gradient of a stage is cut into one chunk per replica.  Replica r adds up
 * chunk r of all replicas, in the order of the replicas, so that the bits do
 * not depend on who is first; then everybody copies the other chunks.  Each
 * device reads 2 (R - 1) / R of the gradient's bytes from others.
 */
#ifndef SL_RUN_REDUCE_H
#define SL_RUN_REDUCE_H

#include "run/pipeline.h"

/*
 * Replace the gradient of `stage` by the sum over all replicas; nothing to do
 * for a single one.
 *
 * Threads  the same device of all replicas, each for itself.
 * Blocks   until the others have come; a failure wakes it.
 * Returns  SLUICE_OK, or SLUICE_CLOSED if the step has failed.
 */
sluice_status sl_reduce_gradient(struct sl_device *device, int stage);

#endif
