/*
 * What the single actions of a candidate take: the first ones of a step pack
 * weights.  One thread.
 */
#ifndef SL_PLAN_PRICING_ACTION_COSTS_H
#define SL_PLAN_PRICING_ACTION_COSTS_H

#include "plan/search/candidate.h"

/* For sluice_simulate_config. */
struct sl_plan_action_costs {
    const int64_t *lists[SLUICE_MAX_DEVICES]; /* of each action, and before it,
                                                 while its input may still be */
    const int64_t *ahead[SLUICE_MAX_DEVICES]; /* on its way */
    int64_t *storage;                         /* [2][n], n actions */
    size_t n;
};

/*
 * Find them from the costs of stages, which sl_plan_stage_costs() has set, and
 * the config's first_ns, which is there.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_plan_action_costs_init(
    struct sl_plan_action_costs *costs, const struct sl_plan_problem *problem,
    const struct sl_plan_order *order, const sluice_schedule *schedule,
    const struct sl_plan_candidate *candidate);
void sl_plan_action_costs_fini(struct sl_plan_action_costs *costs,
                               const struct sl_plan_problem *problem);

#endif
