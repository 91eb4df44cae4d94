/* Steps by a plan, on this machine, beside what was predicted. */
#ifndef BENCH_PLAN_PLAN_TRIAL_H
#define BENCH_PLAN_PLAN_TRIAL_H

#include <sluice/plan.h>

#include "bench/plan/in_place.h"
#include "bench/plan/step_price.h"

/* What a step took: medians, ns. */
struct trial {
    double step_ns;    /* from the first start to the last end */
    double virtual_ns; /* the same on the virtual clock */
    double even_ns;    /* by a cut into equal numbers of layers */
    double even_virtual_ns;
    double pace; /* what layers took, the mean of just before the trial and just
                    behind it, as a multiple of before; 0: not measured */
    double in_place[SLUICE_N_ACTION_KINDS]; /* what the plan's stages took of
                                               each kind, as a multiple of what
                                               its costs say; 0: none */
    struct step_beside beside; /* steps beside what steps next to them say */
};

/*
 * Train `steps` steps by the plan, and as many by the same schedule with an
 * equal cut, on random rows; `pipeline` says the rest.  A few steps of the one
 * and of the other take turns, so that a change of the machine meets both.
 * Devices are slowed to the plan's speeds.  What actions took by the plan is
 * read to `times`, unless it is NULL.  By `price`, unless it is NULL, steps are
 * compared with those next to them.
 *
 * Blocks   for those steps.
 * Returns  SLUICE_OK; as sluice_pipeline_create() and sluice_pipeline_step().
 */
sluice_status trial_run(const sluice_plan *plan, const sluice_model *model,
                        const sluice_pipeline_config *pipeline, int steps,
                        struct in_place *times, const struct step_price *price,
                        struct trial *trial, sluice_diag *why);

/*
 * Train a few steps by the plan, devices not slowed, and read what actions
 * take.
 *
 * Blocks   for those steps.
 * Returns  as trial_run().
 */
sluice_status trial_time(const sluice_plan *plan, const sluice_model *model,
                         const sluice_pipeline_config *pipeline,
                         struct in_place *times, sluice_diag *why);

#endif
