/*
 * The order of the work of a plan, before the layers are cut: a generator's
 * schedule and what its devices hold.  One thread.
 */
#ifndef SL_PLAN_SEARCH_PLAN_ORDER_H
#define SL_PLAN_SEARCH_PLAN_ORDER_H

#include "plan/problem/problem.h"

/* By how much a device's exact bytes exceed those that are counted by layers;
 * zeros as long as no candidate has shown it. */
struct sl_plan_excess {
    bool is_known;
    double packed; /* copies of weights, for each byte of the layers'
                      parameters, gradients and states */
    double rest;   /* bytes besides, whatever the layers */
};

struct sl_plan_order {
    sluice_schedule_config generated; /* name and options */
    int capacity;                     /* of the queues, with which it runs */
    int n_stages;
    bool splits;                      /* it has I and W */
    bool recomputes;                  /* it has R of its own */
    sluice_schedule *schedule;        /* owned */
    double held[SLUICE_MAX_DEVICES];  /* inputs of a stage at once, on average
                                         of the place's stages */
    double inner[SLUICE_MAX_DEVICES]; /* the same of inner activations */
    struct sl_plan_excess excess;
};

/*
 * Number `variant` of the orders of generator `i`: its options at their
 * standards, then others.
 *
 * Returns  whether there is such a variant.
 */
bool sl_plan_variant(int i, int variant, sluice_schedule_config *generated);

/*
 * Generate and prove it, with the smallest capacity from that of the config on
 * with which it runs.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND if a plan cannot have it: it cannot be
 *          generated or run, has updates or copies of its own, more stages than
 *          layers, or actions without costs; SLUICE_NO_MEMORY.
 */
sluice_status sl_plan_order_init(struct sl_plan_order *order,
                                 const struct sl_plan_problem *problem,
                                 const sluice_schedule_config *generated,
                                 sluice_diag *why);

/* The same for a schedule that is there, which it takes, if OK. */
sluice_status sl_plan_order_of(struct sl_plan_order *order,
                               const struct sl_plan_problem *problem,
                               sluice_schedule *schedule, sluice_diag *why);

/* Also legal on an order of zeros. */
void sl_plan_order_fini(struct sl_plan_order *order);

#endif
