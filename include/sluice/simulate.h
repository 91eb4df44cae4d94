/*
 * What a schedule would cost: each device executes its list, as the text above
 * sluice_schedule_verify() says, on a clock, with a given duration for each
 * action.  No thread is started and nothing is computed.  The result is a trace
 * like a pipeline's, so that whatever reads the one reads the other.
 *
 *     const int64_t unit[SLUICE_N_ACTION_KINDS] = {
 *         [SLUICE_F] = 1000000, [SLUICE_B] = 2000000};
 *     sluice_simulation *simulation;
 *     sluice_simulate(schedule, &(sluice_simulate_config){.costs_ns = unit},
 *                     &simulation, &why);
 *     sluice_trace_account(sluice_simulation_trace(simulation), NULL, &all);
 */
#ifndef SLUICE_SIMULATE_H
#define SLUICE_SIMULATE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/schedule.h>
#include <sluice/status.h>
#include <sluice/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Costs are durations in nanoseconds, not negative; those of kinds that the
 * schedule does not have are not looked at.  That of B is its own: it is not
 * made up from I and W. */
typedef struct sluice_simulate_config {
    const int64_t *costs_ns;       /* [SLUICE_N_ACTION_KINDS]: of all
                                      stages; or else: */
    const int64_t *stage_costs_ns; /* [stage][SLUICE_N_ACTION_KINDS]; or: */
    /* [device][n_actions]: of each action, in the order of its list. */
    const int64_t *const *action_costs_ns;
    int64_t latency_ns;                /* from pushing an item to the moment
                                          it can be taken */
    int queue_capacity;                /* as in sluice_verify_config */
    bool no_barrier;                   /* an UPDATE waits for nobody, as if
                                          each device stepped for itself */
    bool naive_recompute;              /* an R just before its backward waits
                                          for the gradient too, as if it were
                                          the backward's first part */
    bool no_events;                    /* leave the trace empty: shares and
                                          end_ns only, in little memory */
    const sluice_allocator *allocator; /* NULL: malloc */
} sluice_simulate_config;

typedef struct sluice_simulation sluice_simulation;

/*
 * Execute a schedule on a clock that starts at 0.
 *
 *     - An item that is pushed at t can be taken from t + latency_ns on.  It
 *       occupies its queue from t until it is taken, at the start of the
 *       consumer's action: also while it is on its way.  With equal stages and
 *       hops shorter than an action, every capacity gives GPipe and 1F1B the
 *       same times; longer hops need more places.
 *     - A producer that finds the queue full waits, after the end of its
 *       action, until an item is taken: `output_wait_ns`.
 *     - Stages of one device hand over without queue and latency.
 *     - In a lowered schedule a SEND pushes, and a RECV is posted, as they end.
 *       An item leaves its queue when it has arrived and its RECV is posted;
 *       the F, B or I that needs it waits for its arrival.  They are no work:
 *       what they cost is neither busy nor waiting.  A table that does not name
 *       them makes them cost nothing.
 *     - UPDATEs start when every device has done its last other action (the
 *       commit of a pipeline), unless `no_barrier` or the schedule is
 *       asynchronous.
 *     - An R does not wait for the gradient that its backward needs, so it runs
 *       while the device would have to wait, unless `naive_recompute`: then it
 *       tells what recomputing as part of the backward would cost.
 *
 * The schedule is verified first, with the same capacity; one of forwards only
 * as such.  What passes cannot deadlock.
 *
 * All times are whole nanoseconds: the result is exact and the same everywhere.
 * Linear in the number of actions;
 * memory: a trace event for each action, unless `no_events`, 8 bytes for each
 * place in a queue, of which there are at most M, and, of a lowered schedule,
 * 32 bytes for each stage and micro-batch.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_SCHEDULE as sluice_schedule_verify(), with its
 *          sentence; SLUICE_INVALID if not exactly one kind of costs is given,
 *          for a negative latency, capacity or cost, naming the action it
 *          belongs to, or if the sum of all costs and latencies, times the
 *          number of devices, exceeds INT64_MAX;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_simulate(const sluice_schedule *schedule,
                                         const sluice_simulate_config *config,
                                         sluice_simulation **out,
                                         sluice_diag *why);

/* Free a simulation with its trace; NULL is allowed. */
SLUICE_API void sluice_simulation_destroy(sluice_simulation *simulation);

/*
 * The trace: an event for each action, `cpu_ns` its cost, the virtual clock
 * the same as the other.  `end_ns` is when every device was done, updates
 * included.  It belongs to the simulation.
 */
SLUICE_API const sluice_trace *
sluice_simulation_trace(const sluice_simulation *simulation);

/*
 * The same as sluice_trace_account() of the trace, at no cost, and also with
 * `no_events`: makespan, busy and idle time of each device and of all.
 *
 * Shapes   devices[n_devices] (may be NULL), *all.
 */
SLUICE_API void sluice_simulation_account(const sluice_simulation *simulation,
                                          sluice_time_share *devices,
                                          sluice_time_share *all);

typedef enum sluice_average {
    SLUICE_MEDIAN = 0, /* of an even number the mean of the middle two */
    SLUICE_MEAN,
} sluice_average;

/*
 * The costs of actions as a trace shows them, for `stage_costs_ns`: the average
 * duration of each kind on each stage, from start to end.  For durations by the
 * virtual clock give the trace of sluice_trace_virtual().
 *
 * A kind that the trace does not show on a stage costs -1, which
 * sluice_simulate() refuses if it needs it; a SEND or RECV costs 0 then, for a
 * pipeline hands over as its actions end.
 *
 * Shapes   costs_ns[n_stages][SLUICE_N_ACTION_KINDS], written on SLUICE_OK
 *          only.
 * Threads  any, while no step runs.
 * Returns  SLUICE_OK; SLUICE_INVALID for another `average`, an event of a stage
 *          that is not below `n_stages`, one that ends before it starts, or one
 *          that takes more than INT64_MAX; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_costs_measure(
    const sluice_trace *trace, int n_stages, sluice_average average,
    const sluice_allocator *allocator, int64_t *costs_ns, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
