/*
 * The weight versions of an asynchronous schedule: each UPDATE makes the next
 * one in the stage's ring.  What the step began with is backed up, so that a
 * step that fails leaves nothing behind.
 *
 * Threads: the device, for its own stages.
 */
#ifndef SL_PIPELINE_VERSIONS_H
#define SL_PIPELINE_VERSIONS_H

#include "pipeline/pipeline.h"

/* Before the first action of a step: back up parameters and states. */
void sl_versions_begin(struct sl_device *device);

/*
 * UPDATE: make the next version of the stage's weights, and the optimizer's
 * states, unless the optimizer refuses.
 *
 * Returns  SLUICE_OK, or what the optimizer returned.
 */
sluice_status sl_versions_update(struct sl_device *device,
                                 const struct sl_op *op, sluice_diag *why);

/*
 * After the last action: the newest version is what the next step begins with;
 * or, if the step has failed, the backup is.
 */
void sl_versions_end(struct sl_device *device, bool committed);

#endif
