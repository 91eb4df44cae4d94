/* The memory that a candidate takes: of each place that of a team, t times that
 * of the device that takes most.  One thread. */
#ifndef SL_PLAN_PRICING_BYTES_H
#define SL_PLAN_PRICING_BYTES_H

#include "plan/search/candidate.h"

/* Stages of a device whose parameters are whole at a time in ZeRO stage 3, as
 * sl_zero_place() has them. */
enum { SL_PLAN_MOST_WHOLE = 3 };

/*
 * Set candidate->bytes, by the layers' bytes and the verifier.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY; SLUICE_SCHEDULE if it cannot run.
 */
sluice_status sl_plan_count_bytes(const struct sl_plan_problem *problem,
                                  const sluice_schedule *schedule,
                                  struct sl_plan_candidate *candidate,
                                  sluice_diag *why);

/*
 * Whether pipelines of the config's model can have teams of the problem's size;
 * true without a model.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY.
 */
sluice_status sl_plan_check_division(const struct sl_plan_problem *problem,
                                     bool *possible, sluice_diag *why);

/*
 * The same by the plan of a pipeline, to the byte, and candidate->packed.  The
 * config has a model.
 *
 * Returns  as sluice_pipeline_plan().
 */
sluice_status sl_plan_exact_bytes(const struct sl_plan_problem *problem,
                                  const sluice_schedule *schedule,
                                  struct sl_plan_candidate *candidate,
                                  sluice_diag *why);

/* By how much the exact bytes of a candidate, those of `place`, exceed
 * `counted` ones. */
struct sl_plan_excess
sl_plan_excess_of(const struct sl_plan_problem *problem, int n_places,
                  const struct sl_plan_candidate *candidate, int place,
                  size_t counted);

#endif
