/* What S and T of a head take that is cut across devices. */
#ifndef BENCH_PLAN_HEAD_COSTS_H
#define BENCH_PLAN_HEAD_COSTS_H

#include "bench/measure/layers/layer_costs.h"

/*
 * Train a few steps with the vocabulary cut into a part for each device of
 * config->devices teams, in the order of 1f1b, and read what an S and a T take,
 * the first of a step left out; all parts together, CPU time.  Where fewer than
 * two devices or too few layers are there, or the model cannot be cut, nothing
 * is measured, and both stay as they are.
 *
 * Blocks   for those steps.
 * Returns  SLUICE_OK, or the first error.
 */
sluice_status head_costs_measure(const sluice_model *model,
                                 const struct layer_costs_config *config,
                                 int64_t *s_ns, int64_t *t_ns,
                                 sluice_diag *why);

#endif
