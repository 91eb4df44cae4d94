/* What the actions of a schedule cost, for simulations and searches. */
#ifndef BENCH_ORDER_SCHEDULE_COSTS_H
#define BENCH_ORDER_SCHEDULE_COSTS_H

#include <stdint.h>

#include <sluice/schedule.h>

/* What a micro-batch takes on a device, in cells, and a cell in ns. */
struct schedule_costs {
    double forward;
    double input;
    double weight;
    double recompute; /* negative: as long as forward */
    double latency;   /* of a hand-off */
    int64_t cell_ns;
};

/* Devices that take equally long for F, I and W, and hand-offs for nothing. */
extern const struct schedule_costs schedule_equal_costs;

/* What each kind of action takes of a stage that is one of `share` on its
 * device. */
void schedule_costs_of(const struct schedule_costs *costs, int share,
                       int64_t costs_ns[SLUICE_N_ACTION_KINDS]);

/*
 * The costs of each stage, in ns: the stages of a device share its time.
 *
 * Shapes   costs_ns[n_stages][SLUICE_N_ACTION_KINDS]
 */
void schedule_stage_costs(const sluice_schedule *schedule,
                          const struct schedule_costs *costs,
                          int64_t *costs_ns);

#endif
