/*
 * What actions take, for placing the S and T of a cut vocabulary.
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_SHARDS_CUT_COSTS_H
#define SL_BLUEPRINT_SHARDS_CUT_COSTS_H

#include <sluice/model.h>
#include <sluice/pipeline.h>

#include "blueprint/coordinates.h"

/*
 * Costs of all kinds in a unit of their own, the layers before the head divided
 * evenly among the stages and the head among the devices: by floating-point
 * operations, or, where the model is cut by time, as measured.  All are 0 if
 * the model does not end with a layer that can be cut, or if no operations are
 * known of it.
 *
 * Shapes   costs_ns[SLUICE_N_ACTION_KINDS].
 * Returns  SLUICE_OK; measured, as sl_profile_model().
 */
sluice_status sl_cut_costs(const sluice_pipeline_config *config,
                           const sluice_model *model,
                           const struct sl_grid *grid, int n_stages,
                           int64_t *costs_ns, sluice_diag *why);

#endif
