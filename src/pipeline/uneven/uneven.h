/*
 * What devices are told to be: memory caps, and speeds on a machine whose cores
 * are equal.  The thread that creates the pipeline.
 */
#ifndef SL_PIPELINE_UNEVEN_UNEVEN_H
#define SL_PIPELINE_UNEVEN_UNEVEN_H

#include "pipeline/pipeline.h"

/*
 * Whether each device of the layout fits its caps, and each speed can be had.
 *
 * Returns  SLUICE_OK; SLUICE_OVER_CAP naming device, need and cap;
 *          SLUICE_INVALID naming device and speed.
 */
sluice_status sl_uneven_check(const struct sl_layout *layout,
                              const sluice_pipeline_config *config,
                              sluice_diag *why);

/* The smaller of the cap of all devices and of the device's own; 0: none. */
size_t sl_uneven_cap(const sluice_pipeline_config *config, int device);

/* Set the delay of each device; they have been initialized, and not started. */
void sl_uneven_slow(sluice_pipeline *pipe,
                    const sluice_pipeline_config *config);

#endif
