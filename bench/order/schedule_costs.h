/* What the actions of a schedule cost, for simulations and searches. */
#ifndef BENCH_ORDER_SCHEDULE_COSTS_H
#define BENCH_ORDER_SCHEDULE_COSTS_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/schedule.h>

#include "bench/order/device_speeds.h"

enum { COSTS_STAGES = 64 }; /* that can have costs of their own */

/* What a stage takes, in cells. */
struct stage_cost {
    double forward;
    double input;
    double weight;
    double recompute; /* negative: as long as forward */
};

/* What a micro-batch takes on a device, in cells, and a cell in ns. */
struct schedule_costs {
    double forward;
    double input;
    double weight;
    double recompute; /* negative: as long as forward */
    double scores;    /* S and T of a cut vocabulary, on every device */
    double scores_weight;
    double latency; /* of a hand-off */
    int64_t cell_ns;
    int n_stages; /* instead, if not 0: of each stage of a copy */
    struct stage_cost stages[COSTS_STAGES];
    const char *text; /* as they were given; NULL: not at all */
};

/* Devices that take equally long for F, I and W, and hand-offs for nothing. */
extern const struct schedule_costs schedule_equal_costs;

/* What each kind of action takes of a stage that is one of `share` on its
 * device, which has that speed. */
void schedule_costs_of(const struct schedule_costs *costs, int stage, int share,
                       double speed, int64_t costs_ns[SLUICE_N_ACTION_KINDS]);

/*
 * Refuse costs that are not one for each of `n_stages`.
 *
 * Returns  SLUICE_OK, also if all stages have the same; SLUICE_INVALID.
 */
sluice_status schedule_costs_check(const struct schedule_costs *costs,
                                   int n_stages, sluice_diag *why);

/*
 * The costs of each stage, in ns: the stages of a device share its time.
 * `speeds` may be NULL: all are 1.
 *
 * Shapes   costs_ns[n_stages][SLUICE_N_ACTION_KINDS]
 * Returns  SLUICE_OK; SLUICE_INVALID for another number of costs or speeds.
 */
sluice_status schedule_stage_costs(const sluice_schedule *schedule,
                                   const struct schedule_costs *costs,
                                   const struct device_speeds *speeds,
                                   int64_t *costs_ns, sluice_diag *why);

/* Whether the devices share a head's vocabulary: there are S and T. */
bool schedule_cuts_vocabulary(const sluice_schedule *schedule);

#endif
