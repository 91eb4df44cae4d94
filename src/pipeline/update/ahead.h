/*
 * Updating ahead of the commit.  A device that has ended its list votes for the
 * commit and then updates its stages, one unit (a layer) after the other, while
 * others still compute.  Before a unit is updated its parameters and states are
 * copied to memory that is spare by then: the device's packed weights, stashes
 * and workspace (blueprint/layout.h).  As soon as all have voted it stops, and
 * APPLY does the rest without copies; the device that votes last copies
 * nothing. If the step fails instead, the copies are put back.
 *
 * What does not fit into the spare memory waits for the commit, and so do
 * teams, whose members read each other's weights, and replicas that read one
 * copy of the weights.
 *
 * Threads: the device, for its own stages.
 */
#ifndef SL_PIPELINE_UPDATE_AHEAD_H
#define SL_PIPELINE_UPDATE_AHEAD_H

#include "pipeline/pipeline.h"

/* VOTE: the spare memory is free from here on.  Returns SLUICE_OK. */
sluice_status sl_ahead_vote(struct sl_device *device, const struct sl_op *op,
                            sluice_diag *why);

/* Whether AHEAD has anything to do: the commit is not decided, and all stages
 * before are updated. */
bool sl_ahead_can(const struct sl_device *device, const struct sl_op *op);

/* AHEAD: update units of the stage.  Returns SLUICE_OK. */
sluice_status sl_ahead_update(struct sl_device *device, const struct sl_op *op,
                              sluice_diag *why);

/* Whether anything is left for APPLY. */
bool sl_ahead_left(const struct sl_device *device, const struct sl_op *op);

/* A step begins: nothing is updated. */
void sl_ahead_begin(struct sl_device *device);

/* The step has ended; if it has `failed`, what was updated ahead is as it was
 * before.  The spare memory goes back to its owners. */
void sl_ahead_end(struct sl_device *device, bool failed);

#endif
