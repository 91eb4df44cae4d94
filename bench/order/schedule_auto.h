/* The schedule that is searched for. */
#ifndef BENCH_ORDER_SCHEDULE_AUTO_H
#define BENCH_ORDER_SCHEDULE_AUTO_H

#include <sluice/schedule.h>
#include <sluice/status.h>

#include "bench/order/order.h"
#include "bench/order/schedule_costs.h"

/* What is searched for: zero is the shortest makespan. */
struct schedule_goal {
    double limit; /* of a device's activations, in micro-batches; 0: none */
    uint64_t limit_bytes;   /* or in bytes */
    uint64_t n_activations; /* with limit_bytes: bytes of a micro-batch's
                               activations, of each stage; 1: the same of all */
    uint64_t activations[COSTS_STAGES];
    double freed;  /* of an activation by I: W does not need it */
    int objective; /* a sluice_objective */
};

extern const struct choice objective_choices[]; /* sluice_objective */

/* struct schedule_goal: "2.5" micro-batches or "300M". */
extern const struct option_type option_limit;

/* struct schedule_goal: "100M", or "100M/50M" for each stage. */
extern const struct option_type option_activations;

/*
 * Search with the costs, and the capacity and chunks of the order.
 *
 * Returns  as sluice_schedule_search(); SLUICE_INVALID also for another number
 *          of costs, activations or speeds, and for speeds of devices with
 *          several stages, whose places are searched for.
 */
sluice_status schedule_auto(const struct order_options *order,
                            const struct schedule_costs *costs,
                            struct schedule_goal goal, int devices,
                            int microbatches, sluice_schedule **out,
                            sluice_diag *why);

#endif
