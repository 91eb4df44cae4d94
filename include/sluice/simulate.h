/*
 * What a schedule would cost: each device executes its list, as the text above
 * sluice_schedule_verify() says, on a clock, with a given duration for each
 * action.  No thread is started and no layer is run.  The result is a trace
 * like a pipeline's: functions that read one read the other.
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
#include <sluice/speed.h>
#include <sluice/status.h>
#include <sluice/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Costs are durations in nanoseconds, not negative.  Costs of kinds that the
 * schedule does not have are ignored.  The cost of B is given separately: it is
 * not the sum of I and W. */
typedef struct sluice_simulate_config {
    /* Give exactly one of these tables. */
    const int64_t *costs_ns;       /* [SLUICE_N_ACTION_KINDS], for all stages */
    const int64_t *stage_costs_ns; /* [stage][SLUICE_N_ACTION_KINDS] */
    /* [device][n_actions]: of each action, in the order of its list. */
    const int64_t *const *action_costs_ns;

    /* [device][n_actions]: what a device does before an action without needing
     * its inputs, such as packing weights: it begins as soon as the device is
     * free, and the wait for the inputs goes on meanwhile.  In the trace it is
     * part of that wait, as in a pipeline's.  NULL: nothing. */
    const int64_t *const *ahead_costs_ns;

    const double *device_speeds; /* [n_devices], SLUICE_SLOWEST to
                                    1 / SLUICE_SLOWEST: a cost is divided by
                                    that of its device; NULL: 1 */

    int64_t latency_ns;                /* from pushing an item to the moment
                                          it can be taken */
    const int64_t *stage_latency_ns;   /* [n_stages], in place of latency_ns:
                                          of what is handed over between a stage
                                          and the next one, both ways; NULL:
                                          all the same */
    int queue_capacity;                /* as in sluice_verify_config */
    const sluice_schedule_edge *edges; /* [n_edges] skip connections between
                                          devices, as there; NULL: none */
    int n_edges;
    const int64_t *edge_latency_ns;    /* [n_edges], of each, both ways; NULL:
                                          latency_ns */
    int64_t spin_ns;                   /* a device that has waited for longer
                                          sleeps, and goes on wake_ns after
                                          what it waits for is there; as
                                          spin_ns of a pipeline, and what its
                                          threads take to wake */
    int64_t wake_ns;                   /* 0: no time */
    bool no_barrier;                   /* an UPDATE does not wait for other
                                          devices */
    bool naive_recompute;              /* an R just before its backward waits
                                          for the gradient, too, as if it were
                                          the first part of the backward */
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
 *       consumer's action, so also during the latency.  With equal stages and
 *       a latency shorter than an action, every capacity gives GPipe and 1F1B
 *       the same times; a longer latency needs a larger capacity.
 *     - A producer that finds the queue full waits, after the end of its
 *       action, until an item is taken: `output_wait_ns`.
 *     - Stages on one device hand over without queue and latency.
 *     - What a skip connection hands over arrives its latency after the action
 *       has ended and has been handed to the neighbour.  It keeps its place
 *       until the action that takes it starts.  The cost of an action includes
 *       what it copies for a skip connection.
 *     - What S, T and the backward of the last stage wait for, see schedule.h,
 *       arrives latency_ns after another device has ended it.
 *     - In a lowered schedule a SEND pushes, and a RECV is posted, as they end.
 *       An item leaves its queue when it has arrived and its RECV is posted;
 *       the F, B or I that needs it waits for its arrival.  The costs of SEND
 *       and RECV are counted neither as busy nor as waiting.  A table of costs
 *       that leaves them 0 makes them cost nothing.
 *     - UPDATEs start when every device has done its last other action (the
 *       commit of a pipeline), unless `no_barrier` or the schedule is
 *       asynchronous.
 *     - An R does not wait for the gradient that its backward needs, so it runs
 *       while the device would have to wait.  With `naive_recompute` it waits:
 *       the result is what recomputing as part of the backward would cost.
 *
 * The schedule is verified first, with the same capacity (`forward_only` if it
 * has no backwards), so the simulation cannot deadlock.
 *
 * All times are whole nanoseconds: the result is exact and the same on every
 * machine.  The time is linear in the number of actions.  The memory is a trace
 * event for each action, unless `no_events`; 8 bytes for each item that a queue
 * can hold, at most M; and, for a lowered schedule, 32 bytes for each stage and
 * micro-batch.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_SCHEDULE as sluice_schedule_verify(), with its
 *          sentence; SLUICE_INVALID if not exactly one kind of costs is given,
 *          for a speed out of range, for a negative latency, time to spin or
 *          to wake, capacity or cost
 *          (naming its action), or if the sum of all costs and latencies, times
 *          the number of devices, exceeds INT64_MAX;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_simulate(const sluice_schedule *schedule,
                                         const sluice_simulate_config *config,
                                         sluice_simulation **out,
                                         sluice_diag *why);

/* Free a simulation with its trace; NULL is allowed. */
SLUICE_API void sluice_simulation_destroy(sluice_simulation *simulation);

/*
 * The trace: an event for each action, whose `cpu_ns` is its cost.  The virtual
 * clock equals the wall clock.  `end_ns` is when every device was done, updates
 * included.  The trace is owned by the simulation.
 */
SLUICE_API const sluice_trace *
sluice_simulation_trace(const sluice_simulation *simulation);

/*
 * What sluice_trace_account() computes from the trace, without computing it
 * again, and also with `no_events`: makespan, busy and idle time of each device
 * and of all.
 *
 * Shapes   devices[n_devices] (may be NULL), *all.
 */
SLUICE_API void sluice_simulation_account(const sluice_simulation *simulation,
                                          sluice_time_share *devices,
                                          sluice_time_share *all);

typedef enum sluice_average {
    SLUICE_MEDIAN = 0, /* for an even number the mean of the middle two */
    SLUICE_MEAN,
} sluice_average;

/*
 * Measure the costs of actions in a trace, for `stage_costs_ns`: the average
 * duration of each kind on each stage, from start to end.  For durations by the
 * virtual clock give the trace of sluice_trace_virtual().
 *
 * A kind that the trace does not have on a stage gets the cost -1, which
 * sluice_simulate() refuses if the schedule needs it.  A missing SEND or RECV
 * gets 0, because in a pipeline they are part of other actions.
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
