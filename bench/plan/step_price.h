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
 * in the trace, and the first one with its own time.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if the trace is of another program;
 *          SLUICE_NO_MEMORY; as sluice_simulate().
 */
sluice_status step_price_of(const struct step_price *price,
                            const sluice_trace *trace, double *ns,
                            sluice_diag *why);

/* How steps are beside the price by the steps just before and behind. */
struct step_beside {
    int n;               /* steps that have both; 0: the rest is not known */
    double step;         /* step / price, the median */
    double quarter[2];   /* half of the steps are between these */
    double virtual_step; /* the same on the virtual clock, the median */
    double own;          /* on the wall clock beside its own price */
};

/*
 * Of `n` steps, of which each `turn` have run without a pause.
 *
 * Shapes   wall_ns, virtual_ns, price_ns[n], all more than 0.
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status step_price_compare(const double *wall_ns,
                                 const double *virtual_ns,
                                 const double *price_ns, int n, int turn,
                                 struct step_beside *beside, sluice_diag *why);

#endif
