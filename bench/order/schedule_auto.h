/* The schedule that is searched for. */
#ifndef BENCH_ORDER_SCHEDULE_AUTO_H
#define BENCH_ORDER_SCHEDULE_AUTO_H

#include <sluice/schedule.h>
#include <sluice/status.h>

#include "bench/order/order.h"
#include "bench/order/schedule_costs.h"

/* What is searched for: zero is the shortest makespan. */
struct schedule_goal {
    int limit;     /* of a device's activations, in micro-batches; 0: none */
    int objective; /* a sluice_objective */
};

extern const struct choice objective_choices[]; /* sluice_objective */

/*
 * Search with the costs, and the capacity and chunks of the order.
 *
 * Returns  as sluice_schedule_search().
 */
sluice_status schedule_auto(const struct order_options *order,
                            const struct schedule_costs *costs,
                            struct schedule_goal goal, int devices,
                            int microbatches, sluice_schedule **out,
                            sluice_diag *why);

#endif
