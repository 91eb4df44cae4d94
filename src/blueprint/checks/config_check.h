/* What of a configuration can be checked before anything is made from it.  The
 * thread that creates the pipeline. */
#ifndef SL_BLUEPRINT_CHECKS_CONFIG_CHECK_H
#define SL_BLUEPRINT_CHECKS_CONFIG_CHECK_H

#include <sluice/pipeline.h>

#include "blueprint/coordinates.h"

/* Whether all is given, and each choice is one.  Returns SLUICE_OK,
 * SLUICE_INVALID. */
sluice_status sl_check_config(const sluice_pipeline_config *config,
                              const sluice_model *model, sluice_diag *why);

/* Whether a process runs as many devices as a grid has, of which replicas,
 * shards, devices and micro-batches are known, and these are those asked for.
 * Returns as sl_check_config(). */
sluice_status sl_check_devices(const struct sl_grid *grid,
                               const sluice_pipeline_config *config,
                               sluice_diag *why);

#endif
