/*
 * A shape that a pipeline has or had, so that it can be given it again.
 *
 * Threads: the caller's alone.
 */
#ifndef SL_TRAIN_ADAPT_HELD_H
#define SL_TRAIN_ADAPT_HELD_H

#include <sluice/plan.h>

#include "train/adapt/cpus.h"

struct sl_held_shape {
    sluice_plan *plan;              /* NULL: as the pipeline was created */
    int places[SLUICE_MAX_DEVICES]; /* the machine's device at each place */
    int n_places;
};

/*
 * Reshape a pipeline that was created with `created`.  Devices keep their CPUs,
 * if they have some, their caps, and their processes, which all call it: `st`
 * is whether this one knows the shape.
 *
 * Shapes   slowed[devices of the machine], the speeds that they are told; NULL:
 *          none is slowed.
 * Returns  as sluice_pipeline_reshape().
 */
sluice_status sl_held_apply(const struct sl_held_shape *shape,
                            const sluice_pipeline_config *created,
                            const double *slowed, const struct sl_cpus *cpus,
                            sluice_pipeline *pipe, sluice_status st,
                            sluice_diag *why);

#endif
