/* Simulations: checks before, the object, and what it tells.  Any thread. */
#include <sluice/simulate.h>

#include "base/memory.h"
#include "sched/schedule.h"
#include "sim/clockwork.h"

struct sluice_simulation {
    const sluice_allocator *allocator; /* all of it const after create */
    sluice_trace trace;
    size_t n_devices;
    size_t n_stored;             /* events of all devices */
    sluice_trace_event *storage; /* [n_stored] */
    sluice_trace_event **events; /* [n_devices] into `storage` */
    int *n_events;               /* [n_devices] */
    sluice_time_share *shares;   /* [n_devices] */
    sluice_time_share all;
};

static sluice_status check_config(const sluice_simulate_config *config,
                                  sluice_diag *why)
{
    int given = (config->costs_ns != NULL) + (config->stage_costs_ns != NULL) +
                (config->action_costs_ns != NULL);
    if (given != 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a simulation with %s: set one of `costs_ns`, "
                               "`stage_costs_ns` and `action_costs_ns`",
                               given ? "costs of several kinds" : "no costs");
    return SLUICE_OK;
}

static sluice_status check_latency(int64_t ns, sluice_diag *why)
{
    if (ns >= 0)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "a hand-off latency of %lld ns: give at least 0",
                           (long long)ns);
}

static sluice_status check_devices(const sluice_schedule *schedule,
                                   const sluice_simulate_config *config,
                                   sluice_diag *why)
{
    sluice_status st = check_latency(config->latency_ns, why);
    if (!st && (config->spin_ns < 0 || config->wake_ns < 0))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%lld ns to spin and %lld ns to wake: give at "
                               "least 0 for both",
                               (long long)config->spin_ns,
                               (long long)config->wake_ns);
    for (int s = 0; s < schedule->n_stages && config->stage_latency_ns && !st;
         s++)
        st = check_latency(config->stage_latency_ns[s], why);
    for (int e = 0; e < config->n_edges && config->edge_latency_ns && !st; e++)
        st = check_latency(config->edge_latency_ns[e], why);
    const double *speeds = config->device_speeds;
    for (int d = 0; d < schedule->n_devices && speeds && !st; d++)
        if (!(speeds[d] >= SLUICE_SLOWEST && speeds[d] <= 1 / SLUICE_SLOWEST))
            st = sluice_diag_set(why, SLUICE_INVALID,
                                 "device %d has speed %g: give %g to %g", d,
                                 speeds[d], SLUICE_SLOWEST, 1 / SLUICE_SLOWEST);
    return st;
}

static sluice_status refuse_cost(sluice_action action, int device, int position,
                                 int64_t cost, sluice_diag *why)
{
    char name[SLUICE_DIAG_ACTION];
    sluice_action_format(action, name, sizeof name);
    sluice_diag_set(why, SLUICE_INVALID,
                    "%s at position %d of device %d costs %lld ns: give it a "
                    "cost of at least 0",
                    name, position, device, (long long)cost);
    if (why) {
        why->device = device;
        why->stage = action.stage;
        why->microbatch = action.microbatch;
        sluice_action_format(action, why->action, sizeof why->action);
    }
    return SLUICE_INVALID;
}

static sluice_status refuse_sum(int n_devices, sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_INVALID,
                           "costs and latencies exceed %lld ns in all: give "
                           "smaller ones",
                           (long long)(INT64_MAX / n_devices));
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Of what an action hands over, the longest that another may wait for: to one
 * of its neighbours at most, and by skip connections. */
static int64_t latency_of(const struct sl_clockwork *work, sluice_action action)
{
    int64_t ns = sl_latency_ns(work, action.stage);
    if (action.stage > 0)
        ns = larger(ns, sl_latency_ns(work, action.stage - 1));
    for (int e = 0; e < work->n_edges; e++)
        if (work->edges[e].from == action.stage ||
            work->edges[e].to == action.stage)
            ns = larger(ns, work->edge_latency_ns ? work->edge_latency_ns[e]
                                                  : work->latency_ns);
    return ns;
}

/* No time can exceed the sum, for at any one before the end some action
 * computes or some item is on its way; and no share of all devices' time can
 * exceed the product. */
static sluice_status check_costs(const struct sl_clockwork *work,
                                 sluice_diag *why)
{
    int n_devices = sluice_schedule_n_devices(work->schedule);
    int64_t sum = 0, product;
    for (int d = 0; d < n_devices; d++) {
        int n;
        const sluice_action *actions =
            sluice_schedule_actions(work->schedule, d, &n);
        for (int i = 0; i < n; i++) {
            int64_t cost = sl_cost_ns(work, d, i, actions[i]);
            int64_t ahead = sl_ahead_ns(work, d, i);
            if (cost < 0 || ahead < 0)
                return refuse_cost(actions[i], d, i, cost < 0 ? cost : ahead,
                                   why);
            if (__builtin_add_overflow(sum, cost, &sum) ||
                __builtin_add_overflow(sum, ahead, &sum) ||
                __builtin_add_overflow(sum, latency_of(work, actions[i]),
                                       &sum) ||
                __builtin_add_overflow(sum, work->wake_ns, &sum))
                return refuse_sum(n_devices, why);
        }
    }
    if (__builtin_mul_overflow(sum, n_devices, &product))
        return refuse_sum(n_devices, why);
    return SLUICE_OK;
}

/* Lay out the trace: where each device's events go. */
static sluice_status create(const sluice_schedule *schedule,
                            const sluice_simulate_config *config,
                            sluice_simulation **out)
{
    const sluice_allocator *allocator = config->allocator;
    size_t n = (size_t)sluice_schedule_n_devices(schedule);
    sluice_simulation *simulation = sl_alloc(allocator, 1, sizeof *simulation);
    if (!simulation)
        return SLUICE_NO_MEMORY;
    simulation->allocator = allocator;
    simulation->n_devices = n;
    simulation->events = sl_alloc(allocator, n, sizeof *simulation->events);
    simulation->n_events = sl_alloc(allocator, n, sizeof *simulation->n_events);
    simulation->shares = sl_alloc(allocator, n, sizeof *simulation->shares);
    if (!simulation->events || !simulation->n_events || !simulation->shares)
        goto destroy;
    for (size_t d = 0; d < n && !config->no_events; d++) {
        sluice_schedule_actions(schedule, (int)d, &simulation->n_events[d]);
        simulation->n_stored += (size_t)simulation->n_events[d];
    }
    simulation->storage =
        sl_alloc(allocator, simulation->n_stored, sizeof *simulation->storage);
    if (!simulation->storage)
        goto destroy;
    sluice_trace_event *next = simulation->storage;
    for (size_t d = 0; d < n; d++) {
        simulation->events[d] = next;
        next += simulation->n_events[d];
    }
    *out = simulation;
    return SLUICE_OK;

destroy:
    sluice_simulation_destroy(simulation);
    return SLUICE_NO_MEMORY;
}

void sluice_simulation_destroy(sluice_simulation *simulation)
{
    if (!simulation)
        return;
    const sluice_allocator *allocator = simulation->allocator;
    size_t n = simulation->n_devices;
    sl_free(allocator, simulation->storage, simulation->n_stored,
            sizeof *simulation->storage);
    sl_free(allocator, simulation->shares, n, sizeof *simulation->shares);
    sl_free(allocator, simulation->n_events, n, sizeof *simulation->n_events);
    sl_free(allocator, simulation->events, n, sizeof *simulation->events);
    sl_free(allocator, simulation, 1, sizeof *simulation);
}

static void set_rates(sluice_time_share *share, double total_ns)
{
    share->busy = total_ns > 0 ? (double)share->busy_ns / total_ns : 0;
    share->wait = total_ns > 0 ? (double)share->wait_ns / total_ns : 0;
    share->bubble = total_ns > 0 ? 1 - share->busy : 0;
}

/* The window begins at 0, with an F of stage 0: no other action can be first.
 */
static void share_out(sluice_simulation *simulation)
{
    sluice_time_share all = {0};
    for (size_t d = 0; d < simulation->n_devices; d++)
        if (simulation->shares[d].makespan_ns > all.makespan_ns)
            all.makespan_ns = simulation->shares[d].makespan_ns;
    for (size_t d = 0; d < simulation->n_devices; d++) {
        sluice_time_share *share = &simulation->shares[d];
        share->makespan_ns = all.makespan_ns;
        share->other_ns = all.makespan_ns - share->busy_ns - share->wait_ns;
        set_rates(share, (double)all.makespan_ns);
        all.busy_ns += share->busy_ns;
        all.wait_ns += share->wait_ns;
        all.other_ns += share->other_ns;
        if (share->span_ns > all.span_ns)
            all.span_ns = share->span_ns;
    }
    set_rates(&all, (double)all.makespan_ns * (double)simulation->n_devices);
    simulation->all = all;
}

sluice_status sluice_simulate(const sluice_schedule *schedule,
                              const sluice_simulate_config *config,
                              sluice_simulation **out, sluice_diag *why)
{
    sluice_status st = check_config(config, why);
    if (!st)
        st = check_devices(schedule, config, why);
    if (st)
        return st;
    sluice_verify_config rules = {
        .queue_capacity = config->queue_capacity,
        .forward_only = sl_schedule_is_forward(schedule),
        .edges = config->edges,
        .n_edges = config->n_edges,
    };
    st = sluice_schedule_verify(schedule, &rules, NULL, why);
    if (st)
        return st;
    struct sl_clockwork work = {
        .schedule = schedule,
        .costs_ns =
            config->costs_ns ? config->costs_ns : config->stage_costs_ns,
        .cost_stride = config->costs_ns ? 0 : SLUICE_N_ACTION_KINDS,
        .action_costs_ns = config->action_costs_ns,
        .ahead_costs_ns = config->ahead_costs_ns,
        .speeds = config->device_speeds,
        .latency_ns = config->latency_ns,
        .stage_latency_ns = config->stage_latency_ns,
        .queue_capacity = config->queue_capacity ? config->queue_capacity
                                                 : SLUICE_QUEUE_CAPACITY,
        .edges = config->edges,
        .n_edges = config->n_edges,
        .edge_latency_ns = config->edge_latency_ns,
        .spin_ns = config->spin_ns,
        .wake_ns = config->wake_ns,
        .no_barrier = config->no_barrier,
        .naive_recompute = config->naive_recompute,
        .allocator = config->allocator,
    };
    st = check_costs(&work, why);
    if (st)
        return st;
    sluice_simulation *simulation;
    if (create(schedule, config, &simulation))
        return sl_no_memory(why, "a simulation");
    work.events = config->no_events ? NULL : simulation->events;
    work.shares = simulation->shares;
    if (sl_clockwork_run(&work)) {
        sluice_simulation_destroy(simulation);
        return sl_no_memory(why, "a simulation's clockwork");
    }
    share_out(simulation);
    simulation->trace = (sluice_trace){
        .n_devices = (int)simulation->n_devices,
        .n_events = simulation->n_events,
        .events = (const sluice_trace_event *const *)simulation->events,
        .end_ns = work.end_ns,
    };
    *out = simulation;
    return SLUICE_OK;
}

const sluice_trace *sluice_simulation_trace(const sluice_simulation *simulation)
{
    return &simulation->trace;
}

void sluice_simulation_account(const sluice_simulation *simulation,
                               sluice_time_share *devices,
                               sluice_time_share *all)
{
    for (size_t d = 0; d < simulation->n_devices && devices; d++)
        devices[d] = simulation->shares[d];
    *all = simulation->all;
}
