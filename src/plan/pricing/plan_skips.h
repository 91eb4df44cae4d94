/*
 * The skip connections of the model, as a candidate has them: between which
 * stages they go, and how long they take on the way.  Without a model
 * (sluice_plan_config) there are none.
 *
 * Threads: one, in sluice_plan_find().
 */
#ifndef SL_PLAN_PRICING_PLAN_SKIPS_H
#define SL_PLAN_PRICING_PLAN_SKIPS_H

#include <sluice/simulate.h>

#include "plan/search/candidate.h"
#include "plan/search/plan_order.h"
#include "plan/problem/problem.h"

/* For sluice_simulate_config. */
struct sl_plan_skips {
    int n;
    sluice_schedule_edge *edges; /* [n] */
    int64_t *latency_ns;         /* [n] */
};

/*
 * Find them.  Their queues have a place for each micro-batch: those of a
 * pipeline never make an end wait (blueprint/across/edges.h).
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY; sl_plan_skips_fini() in both cases.
 */
sluice_status sl_plan_skips_init(struct sl_plan_skips *skips,
                                 const struct sl_plan_problem *problem,
                                 const struct sl_plan_order *order,
                                 const struct sl_plan_candidate *candidate);
void sl_plan_skips_fini(struct sl_plan_skips *skips,
                        const struct sl_plan_problem *problem);

#endif
