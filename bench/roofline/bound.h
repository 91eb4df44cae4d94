/*
 * The least time of a step on this machine: the products at the rate that the
 * cores reach back to back, the work on elements and the update at the rate of
 * memory, and the bubble of the schedule; hand-offs cost nothing.
 */
#ifndef BENCH_ROOFLINE_BOUND_H
#define BENCH_ROOFLINE_BOUND_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/model.h>
#include <sluice/status.h>

#include "bench/order/order.h"

struct bound_config {
    const sluice_model *model;
    const struct order_options *order;
    const sluice_schedule *schedule;      /* of a replica, instead of that of
                                             `order`; NULL: none */
    const sluice_pipeline_config *trains; /* whose optimizer updates; NULL: that
                                             of plain_pipeline_config() */
    int devices;                          /* of a replica, a team being one */
    int replicas;                         /* 0: one */
    int team;                             /* devices of a team; 0: one */
    int zero;                             /* stage of ZeRO */
    int microbatches;                     /* of a replica */
    int64_t batch;                        /* of all replicas */
    int steps;                            /* of products that are measured */
    bool each_alone;                      /* fill in the rates alone */
};

struct bound {
    double products_alone;    /* operations per second and core; NAN */
    double products_together; /* the same with min(K, cores) cores at once */
    double bandwidth;         /* bytes per second and core, those cores at once,
                                 in what a micro-batch touches of a layer */
    double bandwidth_update;  /* in what a device's update touches */
    double products_ns;       /* of a step, on all devices together */
    double elements_ns;       /* the same of the work on elements */
    double update_ns;         /* of the device that updates most */
    double bubble;            /* of the schedule with these costs, 0 to 1 */
    double step_ns;           /* the least */
};

/* What a bound is measured with, again and again. */
struct bound_loops;

/*
 * Create and destroy it.  What `config` points to outlives it; NULL can be
 * destroyed.
 *
 * Returns  SLUICE_OK, or the first error of a pipeline or schedule.
 */
sluice_status bound_loops_create(const struct bound_config *config,
                                 struct bound_loops **out, sluice_diag *why);
void bound_loops_destroy(struct bound_loops *loops);

/*
 * Measure what the bound stands on, and calculate it.  Layers are cut so that
 * with these costs the slowest stage takes least.  A team takes its part of the
 * work of one device, replicas exchange their gradients at no cost, and with
 * ZeRO they divide the update.  A device updates when its own backwards are
 * done, as one that would wait for the commit does.  With more devices than
 * cores the step takes at least the work of all devices divided by the cores.
 *
 * `each_alone` counts in the first call.
 *
 * Blocks   for about `steps` steps of five micro-batches, and one more.
 * Returns  SLUICE_OK; as step_costs(); or the first error of a pipeline or
 *          thread.
 */
sluice_status bound_loops_measure(struct bound_loops *loops, struct bound *out,
                                  sluice_diag *why);

/* Create, measure once, and destroy. */
sluice_status bound_measure(const struct bound_config *config,
                            struct bound *out, sluice_diag *why);

/* The same, its step_ns alone; NAN if that cannot be measured. */
double bound_step_ns(const struct bound_config *config);

#endif
