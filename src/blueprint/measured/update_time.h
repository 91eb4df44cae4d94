/* Measuring what an update costs, for a cut by time. */
#ifndef SL_BLUEPRINT_MEASURED_UPDATE_TIME_H
#define SL_BLUEPRINT_MEASURED_UPDATE_TIME_H

#include <sluice/pipeline.h>

#include "blueprint/layout.h"

/*
 * Add to the costs of the layers, which are those of a micro-batch, the share
 * that each has in the update: the time that the optimizer takes for one
 * parameter of the model, in proportion to the elements of the layer, over the
 * micro-batches between two updates.  Parameters that are statistics have no
 * update.  If the arrays for that would take more than `cap_bytes` (0: no cap),
 * nothing is measured or added.
 *
 * Shapes   costs_ns[n_layers].
 * Threads  the caller's.
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_update_time_add(const sluice_pipeline_config *config,
                                 const struct sl_layout_input *input,
                                 size_t cap_bytes, double *costs_ns,
                                 sluice_diag *why);

#endif
