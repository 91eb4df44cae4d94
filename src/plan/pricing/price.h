/* What a candidate is worth.  One thread. */
#ifndef SL_PLAN_PRICING_PRICE_H
#define SL_PLAN_PRICING_PRICE_H

#include "plan/search/candidate.h"

/*
 * The schedule of a candidate, with its recomputes.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_plan_make(const struct sl_plan_problem *problem,
                           const struct sl_plan_order *order,
                           const struct sl_plan_candidate *candidate,
                           sluice_schedule **out, sluice_diag *why);

/*
 * Costs of each stage on its device, in problem->stage_ns.
 *
 * Returns  those.
 */
const int64_t *sl_plan_stage_costs(const struct sl_plan_problem *problem,
                                   const struct sl_plan_order *order,
                                   const struct sl_plan_candidate *candidate);

/*
 * Prove and price: the rest of the candidate is set.  Where a device does not
 * fit its cap, stages of it that do not recompute yet begin to.
 *
 * Returns  SLUICE_OK, also if it cannot be had; SLUICE_NO_MEMORY; or as
 *          sl_plan_count_bytes().
 */
sluice_status sl_plan_price(const struct sl_plan_problem *problem,
                            const struct sl_plan_order *order,
                            struct sl_plan_candidate *candidate,
                            sluice_diag *why);

#endif
