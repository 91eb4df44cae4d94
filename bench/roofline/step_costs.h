/*
 * What each action of a schedule costs at least, from the rates of the machine.
 * Bytes are those that an implementation in one pass over each tensor reads and
 * writes.
 */
#ifndef BENCH_ROOFLINE_STEP_COSTS_H
#define BENCH_ROOFLINE_STEP_COSTS_H

#include <stdint.h>

#include <sluice/model.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

#include "bench/roofline/step_rates.h"

/*
 * The costs of each stage, for sluice_simulate(), the layers cut so that the
 * slowest stage takes least in a step.  If the schedule cuts the vocabulary, S,
 * T and the updates of tables are those of bench/roofline/vocabulary_costs.h.
 *
 * Shapes   costs_ns[stages][SLUICE_N_ACTION_KINDS].
 * Returns  SLUICE_OK; SLUICE_INVALID if there are fewer layers than stages, and
 *          for a schedule that cuts the vocabulary if the last layer is no
 *          head; SLUICE_NO_MEMORY.
 */
sluice_status step_costs(const sluice_model *model,
                         const sluice_schedule *schedule,
                         const struct step_rates *rates, int64_t *costs_ns,
                         sluice_diag *why);

#endif
