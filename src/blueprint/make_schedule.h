/*
 * The schedules of a pipeline: the one that trains, and the one that evaluates
 * and infers.  The thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_MAKE_SCHEDULE_H
#define SL_BLUEPRINT_MAKE_SCHEDULE_H

#include <sluice/pipeline.h>

#include "blueprint/abroad/processes.h"
#include "blueprint/coordinates.h"

/*
 * Make the schedule that the configuration names, with its gathered W and
 * recomputes; or a copy of the custom one, raised if it is lowered.  It is the
 * pipeline's own.  S and T of a cut vocabulary are placed by what the model's
 * layers take (blueprint/shards/cut_costs.h).  In several processes, which
 * `view` is of, they are what process 0 has measured; NULL: there is one.
 *
 * Returns  as sluice_schedule_generate(); for a lowered schedule that the
 *          verifier refuses, what that returns; as sl_cut_costs().
 */
sluice_status sl_make_schedule(const sluice_pipeline_config *config,
                               const sluice_model *model,
                               const struct sl_grid *grid,
                               const struct sl_world_view *view,
                               int queue_capacity, sluice_schedule **out,
                               sluice_diag *why);

/*
 * Forward only: every device runs the forwards of its stages, micro-batch by
 * micro-batch, in the order of the stages of the first copy.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_make_forward_schedule(const sluice_schedule *schedule,
                                       sluice_schedule **out, sluice_diag *why);

#endif
