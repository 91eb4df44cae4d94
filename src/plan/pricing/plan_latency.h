/* What handing a tensor to another device takes in a plan.  Any thread. */
#ifndef SL_PLAN_PRICING_PLAN_LATENCY_H
#define SL_PLAN_PRICING_PLAN_LATENCY_H

#include "plan/search/candidate.h"
#include "plan/search/plan_order.h"
#include "plan/problem/problem.h"

/* What a hand-off of so many bytes takes from a device of the config to another
 * one. */
int64_t sl_plan_hand_off(const struct sl_plan_problem *problem, int from,
                         int to, int64_t bytes);

/*
 * Latencies of the hand-offs between each stage and the next one.
 *
 * Shapes   latency_ns[n_stages]; the last is 0.
 * Returns  the longest.
 */
int64_t sl_plan_latencies(const struct sl_plan_problem *problem,
                          const struct sl_plan_order *order,
                          const struct sl_plan_candidate *candidate,
                          int64_t *latency_ns);

#endif
