/* How a plan is found. */
#ifndef BENCH_PLAN_PLANNING_H
#define BENCH_PLAN_PLANNING_H

#include "bench/plan/planning_config.h"

/*
 * Find a plan, write what is to be written, and try it.
 *
 * Takes    nothing.
 * Returns  SLUICE_OK; SLUICE_INVALID if no number of micro-batches divides the
 *          batch; as sluice_plan_find(); or the first error.
 */
sluice_status planning_find(const struct planning_config *config,
                            struct planned *out, sluice_diag *why);

#endif
