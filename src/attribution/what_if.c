/*
 * What a step would take if something was changed.  Any thread.
 *
 * The trace gives each device's mean cost of a forward and a backward of one
 * micro-batch.  A change scales them: M' micro-batches have M / M' times the
 * size, equal stages have the mean of all devices, fewer devices have the sum
 * of several neighbours.  Then GPipe or 1F1B is simulated with these costs.
 */
#include "attribution/what_if.h"

#include <math.h>

#include <sluice/simulate.h>

#include "base/memory.h"

enum { MOST_CELLS = 1 << 20 };

/* Add what an action cost, as its share of a micro-batch. */
static void add_event(struct sl_device_cost *cost, const sluice_trace_event *e,
                      bool cells_sleep, double share)
{
    double ns = (double)(e->end_ns - e->start_ns) * share;
    double own_ns = (double)sl_own_ns(e, cells_sleep) * share;
    if (e->action.kind == SLUICE_F) {
        cost->forward_ns += ns;
        cost->own_forward_ns += own_ns;
    } else if (sl_computes(e->action)) {
        cost->backward_ns += ns;
        cost->own_backward_ns += own_ns;
    }
}

sluice_status sl_what_if_init(struct sl_what_if *what,
                              const struct sl_index *index, bool cells_sleep,
                              sluice_diag *why)
{
    const sluice_trace *trace = index->trace;
    int n_replicas = sl_n_replicas(trace);
    *what = (struct sl_what_if){
        .allocator = index->allocator,
        .n_replicas = n_replicas,
        .n_devices = trace->n_devices / n_replicas,
        .n_microbatches = index->n_microbatches / n_replicas,
        .interleaves = index->interleaves,
    };
    size_t k = (size_t)what->n_devices;
    what->costs = sl_alloc(index->allocator, k, sizeof *what->costs);
    if (!what->costs)
        return sl_no_memory(why, "the costs of devices");
    double share = index->n_microbatches > 0 ? 1.0 / index->n_microbatches : 0;
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++)
            add_event(&what->costs[(size_t)d % k], &trace->events[d][i],
                      cells_sleep, share);
    return SLUICE_OK;
}

void sl_what_if_fini(struct sl_what_if *what)
{
    sl_free(what->allocator, what->costs, (size_t)what->n_devices,
            sizeof *what->costs);
}

void sl_what_if_hand_off(struct sl_what_if *what, int device, int64_t ns)
{
    int n = 2 * what->n_microbatches * what->n_replicas;
    if (n > 0)
        what->costs[device % what->n_devices].hand_off_ns += (double)ns / n;
}

/* The device that stands for each of equal ones. */
static struct sl_device_cost mean_cost(const struct sl_what_if *what)
{
    struct sl_device_cost mean = {0};
    for (int d = 0; d < what->n_devices; d++) {
        mean.forward_ns += what->costs[d].forward_ns / what->n_devices;
        mean.backward_ns += what->costs[d].backward_ns / what->n_devices;
        mean.hand_off_ns += what->costs[d].hand_off_ns / what->n_devices;
    }
    return mean;
}

/* The first of the devices that are put together as device `d` of `n`. */
static int first_of(const struct sl_what_if *what, int d, int n)
{
    return (int)((int64_t)d * what->n_devices / n);
}

/* The costs of several neighbours as one device `d` of `n`.  It has a core to
 * itself, so CPU times are added, not durations. */
static struct sl_device_cost joint_cost(const struct sl_what_if *what, int d,
                                        int n)
{
    struct sl_device_cost sum = {.hand_off_ns = mean_cost(what).hand_off_ns};
    for (int i = first_of(what, d, n); i < first_of(what, d + 1, n); i++) {
        sum.forward_ns += what->costs[i].own_forward_ns;
        sum.backward_ns += what->costs[i].own_backward_ns;
    }
    return sum;
}

/* Costs by stage and kind, of micro-batches of `size` times the size. */
static void set_costs(const struct sl_what_if *what, struct sl_change change,
                      double size, int64_t *costs_ns)
{
    for (int d = 0; d < change.n_devices; d++) {
        struct sl_device_cost cost = what->costs[d];
        if (change.even)
            cost = mean_cost(what);
        if (change.n_devices < what->n_devices)
            cost = joint_cost(what, d, change.n_devices);
        int64_t *of = costs_ns + (size_t)d * SLUICE_N_ACTION_KINDS;
        for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++)
            of[kind] = 0;
        of[SLUICE_F] = llround(cost.forward_ns * size + cost.hand_off_ns);
        of[SLUICE_B] = llround(cost.backward_ns * size + cost.hand_off_ns);
    }
}

static sluice_status simulate(const struct sl_what_if *what,
                              const sluice_schedule *schedule,
                              const int64_t *costs_ns, int64_t *makespan_ns,
                              sluice_diag *why)
{
    const sluice_simulate_config config = {
        .stage_costs_ns = costs_ns,
        .no_events = true,
        .allocator = what->allocator,
    };
    sluice_simulation *simulation;
    sluice_time_share all;
    sluice_status st = sluice_simulate(schedule, &config, &simulation, why);
    if (st)
        return st;
    sluice_simulation_account(simulation, NULL, &all);
    *makespan_ns = all.makespan_ns;
    sluice_simulation_destroy(simulation);
    return SLUICE_OK;
}

static sluice_status generate(const struct sl_what_if *what,
                              struct sl_change change, const int64_t *costs_ns,
                              int64_t *makespan_ns, sluice_diag *why)
{
    const sluice_schedule_config config = {
        .name = what->interleaves ? "1f1b" : "gpipe",
        .devices = change.n_devices,
        .microbatches = change.n_microbatches,
        .allocator = what->allocator,
    };
    sluice_schedule *schedule;
    sluice_status st = sluice_schedule_generate(&config, &schedule, why);
    if (st)
        return st;
    st = simulate(what, schedule, costs_ns, makespan_ns, why);
    sluice_schedule_destroy(schedule);
    return st;
}

sluice_status sl_what_if(const struct sl_what_if *what, struct sl_change change,
                         int64_t *makespan_ns, sluice_diag *why)
{
    *makespan_ns = 0;
    if (!change.n_devices)
        change.n_devices = what->n_devices;
    if (!change.n_microbatches)
        change.n_microbatches = what->n_microbatches;
    if (change.n_microbatches < 1 || what->n_microbatches < 1 ||
        (int64_t)change.n_microbatches * change.n_devices > MOST_CELLS)
        return SLUICE_OK;
    size_t n = (size_t)change.n_devices * SLUICE_N_ACTION_KINDS;
    int64_t *costs_ns = sl_alloc(what->allocator, n, sizeof *costs_ns);
    if (!costs_ns)
        return sl_no_memory(why, "the costs of stages");
    double size = (double)what->n_microbatches / change.n_microbatches;
    set_costs(what, change, size, costs_ns);
    sluice_status st = generate(what, change, costs_ns, makespan_ns, why);
    sl_free(what->allocator, costs_ns, n, sizeof *costs_ns);
    /* If the change cannot be simulated, it is not advised: the trace itself
     * has no error. */
    return st == SLUICE_NO_MEMORY ? st : SLUICE_OK;
}
