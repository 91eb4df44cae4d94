/*
 * What the planner would say of a step if it knew what the step's own actions
 * take.  Steps beside it are then judged by costs of the same second, which the
 * pace of a machine does not change.
 */
#ifndef BENCH_PLAN_STEP_PRICE_H
#define BENCH_PLAN_STEP_PRICE_H

#include <sluice/plan.h>
#include <sluice/simulate.h>
#include <sluice/trace.h>

struct step_price {
    const sluice_schedule *schedule; /* whose program the steps run */
    sluice_simulate_config machine;  /* without costs */
    const int64_t *ahead_ns; /* [n_stages][SLUICE_N_ACTION_KINDS]: what a device
                                does before the first action of a kind, while it
                                waits for its input */
};

/*
 * Simulate the schedule, each action of a stage and kind with the mean of those
 * in the trace, and the first one with its own time; `each`: every one with its
 * own time.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if the trace is of another program;
 *          SLUICE_NO_MEMORY; as sluice_simulate().
 */
sluice_status step_price_of(const struct step_price *price,
                            const sluice_trace *trace, bool each, double *ns,
                            sluice_diag *why);

/* What a step took, and its prices. */
struct priced_step {
    double wall_ns;
    double virtual_ns;
    double by_virtual_ns; /* by what its actions took on the virtual clock, on
                             which nothing sleeps */
    double by_cpu_ns;     /* by the same, with waking */
    double by_wall_ns;    /* by what they took on the wall clock */
    double by_each_ns;    /* the same, every one with its own time */
};

/* Medians over steps, each beside the mean price of those just before and
 * behind, by the same clock; and what a step takes beside its own price. */
struct step_beside {
    int n;               /* steps that have both; 0: the rest is not known */
    double step;         /* step / price */
    double quarter[2];   /* half of the steps are between these */
    double virtual_step; /* the same on the virtual clock */
    double off_core;     /* its price by the wall clock / by CPU time */
    double spread;       /* with each action's own time / with their mean */
    double rest;         /* the step / the price with each one's own time */
};

/*
 * Of `n` steps, of which each `turn` have run without a pause.
 *
 * Shapes   steps[n], all times more than 0.
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status step_price_compare(const struct priced_step *steps, int n,
                                 int turn, struct step_beside *beside,
                                 sluice_diag *why);

#endif
