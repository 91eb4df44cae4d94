/*
 * Executing the lists of a verified schedule on a clock.  One thread.
 */
#ifndef SL_SIM_CLOCKWORK_H
#define SL_SIM_CLOCKWORK_H

#include <math.h>

#include <sluice/simulate.h>

struct sl_clockwork {
    const sluice_schedule *schedule;
    const int64_t *costs_ns; /* see sl_cost_ns() */
    size_t cost_stride;      /* from stage to stage: 0 if all cost the same */
    const int64_t *const *action_costs_ns; /* instead: [device][position] */
    const int64_t *const *ahead_costs_ns;  /* the same, before it; NULL: 0 */
    const double *speeds;                  /* [n_devices]; NULL: 1 */
    int64_t latency_ns;
    const int64_t *stage_latency_ns; /* [n_stages]; NULL: latency_ns */
    int queue_capacity;
    const sluice_schedule_edge *edges; /* [n_edges] */
    int n_edges;
    const int64_t *edge_latency_ns; /* [n_edges]; NULL: latency_ns */
    int64_t spin_ns;
    int64_t wake_ns;
    bool no_barrier;
    bool naive_recompute;
    const sluice_allocator *allocator;
    sluice_trace_event **events; /* [n_devices][n_actions]; NULL: not wanted */
    sluice_time_share *shares;   /* [n_devices]: makespan_ns is the end of the
                                    device's last work; span_ns, busy_ns,
                                    wait_ns */
    int64_t end_ns;              /* every device is done */
};

/* On its device. */
static inline int64_t sl_slowed_ns(const struct sl_clockwork *work, int device,
                                   int64_t ns)
{
    if (!work->speeds)
        return ns;
    double slowed = round((double)ns / work->speeds[device]);
    /* As a double, INT64_MAX is one more than itself. */
    return slowed < (double)INT64_MAX ? (int64_t)slowed : INT64_MAX;
}

static inline int64_t sl_cost_ns(const struct sl_clockwork *work, int device,
                                 int position, sluice_action action)
{
    size_t at = (size_t)action.stage * work->cost_stride + (size_t)action.kind;
    int64_t ns = work->action_costs_ns ? work->action_costs_ns[device][position]
                                       : work->costs_ns[at];
    return sl_slowed_ns(work, device, ns);
}

/* Of what a device does before an action, while its inputs may still be on
 * their way. */
static inline int64_t sl_ahead_ns(const struct sl_clockwork *work, int device,
                                  int position)
{
    if (!work->ahead_costs_ns)
        return 0;
    return sl_slowed_ns(work, device, work->ahead_costs_ns[device][position]);
}

/* Of a hand-off between `stage` and the next one. */
static inline int64_t sl_latency_ns(const struct sl_clockwork *work, int stage)
{
    return work->stage_latency_ns ? work->stage_latency_ns[stage]
                                  : work->latency_ns;
}

/* When a device goes on that was ready to and had to wait until `there`. */
static inline int64_t sl_woken_ns(const struct sl_clockwork *work,
                                  int64_t ready, int64_t there)
{
    return there - ready > work->spin_ns ? there + work->wake_ns : there;
}

/*
 * Run to the end: fills *events, *shares and end_ns.  The sum of all costs and
 * latencies fits an int64_t.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_clockwork_run(struct sl_clockwork *work);

#endif
