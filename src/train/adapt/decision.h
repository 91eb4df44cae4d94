/*
 * Whether to reshape: a function of how fast the devices are, and of nothing
 * that is measured here.
 *
 * Threads: any.
 */
#ifndef SL_TRAIN_ADAPT_DECISION_H
#define SL_TRAIN_ADAPT_DECISION_H

#include <stdbool.h>

#include <sluice/plan.h>

#include "train/adapt/cells.h"

/* The devices that there are. */
struct sl_machine {
    int n_devices;
    double speeds[SLUICE_MAX_DEVICES]; /* 1: as at the start */
    bool lost[SLUICE_MAX_DEVICES];     /* no core is left for it */
    int process[SLUICE_MAX_DEVICES];   /* each of these needs a device */
};

/* How a pipeline runs. */
struct sl_running_shape {
    const sluice_schedule *schedule;
    struct sl_cut cut;
    const int *places; /* [n_places] the machine's device at each place */
    int n_places;
    int queue_capacity;
};

struct sl_decision {
    bool reshapes;
    int64_t now_ns;    /* a step as it is, at these speeds: simulated */
    int64_t best_ns;   /* a step of the plan */
    sluice_plan *plan; /* if it reshapes; to be destroyed */
    int places[SLUICE_MAX_DEVICES]; /* of the plan: the machine's devices */
    int n_places;
};

/*
 * What a step takes in the shape that a pipeline has, at these speeds, by
 * simulation.
 *
 * Returns  as sluice_simulate().
 */
sluice_status sl_decision_price(const sluice_plan_config *problem,
                                const struct sl_machine *machine,
                                const struct sl_running_shape *now,
                                int64_t *out, sluice_diag *why);

/*
 * Look for a plan on the devices that are left, one in each process at least:
 * where the best plan leaves one out, the best that has more devices.  It is
 * worth a reshape if a step now takes more than 1 + margin times as long, or if
 * a device that works is lost; and if it adds up the gradients in the same
 * order.
 *
 * `problem` has layers, costs and numbers of micro-batches; of its devices only
 * the caps are read, of none if it has no devices.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if too few devices are left; as
 *          sluice_plan_find() and sluice_simulate().
 */
sluice_status sl_decide(const sluice_plan_config *problem,
                        const struct sl_machine *machine,
                        const struct sl_running_shape *now, double margin,
                        struct sl_decision *out, sluice_diag *why);

#endif
