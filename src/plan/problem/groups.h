/* Which devices work together.  One thread. */
#ifndef SL_PLAN_PROBLEM_GROUPS_H
#define SL_PLAN_PROBLEM_GROUPS_H

#include "plan/problem/problem.h"

/* Have groups and sums be those of a division; n_devices is 0 if there are not
 * enough devices for it. */
void sl_plan_divide(struct sl_plan_problem *problem,
                    const struct sl_plan_division *division);

/* The next division with micro-batches for each replica, and costs of adding
 * up, from number `*i` on; false: there are no more. */
bool sl_plan_next_division(const struct sl_plan_problem *problem, int *i,
                           struct sl_plan_division *out);

/* Whether two groups are the same, also in the nodes of their devices. */
bool sl_plan_is_same(const struct sl_plan_problem *problem, int a, int b);

/* Whether the replicas of a group are on several nodes. */
bool sl_plan_is_spread(const struct sl_plan_problem *problem, int device);

#endif
