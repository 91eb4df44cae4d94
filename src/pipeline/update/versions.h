/*
 * The weight versions of an asynchronous schedule: each UPDATE makes the next
 * one in the stage's ring.  What the step began with is backed up, so that a
 * step that fails leaves nothing behind.
 *
 * Threads: the device, for its own stages.
 */
#ifndef SL_PIPELINE_UPDATE_VERSIONS_H
#define SL_PIPELINE_UPDATE_VERSIONS_H

#include "pipeline/pipeline.h"

/* BACK_UP, before the first action of a step: back up parameters and states.
 * Returns SLUICE_OK. */
sluice_status sl_versions_back_up(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why);

/*
 * ADVANCE: make the next version of the stage's weights, and the optimizer's
 * states, unless the optimizer refuses.
 *
 * Returns  SLUICE_OK, or what the optimizer returned.
 */
sluice_status sl_versions_advance(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why);

/* KEEP, once all have agreed: the newest version is what the next step begins
 * with.  Returns SLUICE_OK. */
sluice_status sl_versions_keep(struct sl_device *device, const struct sl_op *op,
                               sluice_diag *why);

/* The step has failed: what it began with is back, if it was backed up. */
void sl_versions_restore(struct sl_device *device);

#endif
