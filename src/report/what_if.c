/* What a step would take if something was changed.  Any thread. */
#include "report/what_if.h"

#include <math.h>

#include <sluice/simulate.h>

#include "base/memory.h"

enum { MOST_CELLS = 1 << 20 };

sluice_status sl_what_if_init(struct sl_what_if *what,
                              const struct sl_index *index, sluice_diag *why)
{
    const sluice_trace *trace = index->trace;
    size_t k = (size_t)trace->n_devices;
    double m = index->n_microbatches > 0 ? index->n_microbatches : 1;
    *what = (struct sl_what_if){
        .allocator = index->allocator,
        .n_devices = trace->n_devices,
        .n_microbatches = index->n_microbatches,
        .interleaves = index->interleaves,
        .costs = sl_alloc(index->allocator, k, sizeof *what->costs),
    };
    if (!what->costs)
        return sl_no_memory(why, "the costs of devices");
    for (size_t d = 0; d < k; d++) {
        struct sl_device_cost *cost = &what->costs[d];
        *cost = (struct sl_device_cost){0};
        for (int i = 0; i < trace->n_events[d]; i++) {
            const sluice_trace_event *e = &trace->events[d][i];
            double ns = (double)(e->end_ns - e->start_ns) / m;
            if (e->action.kind == SLUICE_F)
                cost->forward_ns += ns;
            else if (sl_computes(e->action))
                cost->backward_ns += ns;
        }
    }
    return SLUICE_OK;
}

void sl_what_if_fini(struct sl_what_if *what)
{
    sl_free(what->allocator, what->costs, (size_t)what->n_devices,
            sizeof *what->costs);
}

void sl_what_if_hand_off(struct sl_what_if *what, int device, int64_t ns)
{
    if (what->n_microbatches > 0)
        what->costs[device].hand_off_ns =
            (double)ns / (2.0 * what->n_microbatches);
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

/* Costs by stage and kind, of micro-batches of `size` times the size. */
static void set_costs(const struct sl_what_if *what, double size, bool even,
                      int64_t *costs_ns)
{
    struct sl_device_cost mean = mean_cost(what);
    for (int d = 0; d < what->n_devices; d++) {
        const struct sl_device_cost *cost = even ? &mean : &what->costs[d];
        int64_t *of = costs_ns + (size_t)d * SLUICE_N_ACTION_KINDS;
        for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++)
            of[kind] = 0;
        of[SLUICE_F] = llround(cost->forward_ns * size + cost->hand_off_ns);
        of[SLUICE_B] = llround(cost->backward_ns * size + cost->hand_off_ns);
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

static sluice_status generate(const struct sl_what_if *what, int microbatches,
                              const int64_t *costs_ns, int64_t *makespan_ns,
                              sluice_diag *why)
{
    const sluice_schedule_config config = {
        .name = what->interleaves ? "1f1b" : "gpipe",
        .devices = what->n_devices,
        .microbatches = microbatches,
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

sluice_status sl_what_if(const struct sl_what_if *what, int microbatches,
                         bool even, int64_t *makespan_ns, sluice_diag *why)
{
    size_t n = (size_t)what->n_devices * SLUICE_N_ACTION_KINDS;
    *makespan_ns = 0;
    if (microbatches < 1 || what->n_microbatches < 1 ||
        (int64_t)microbatches * what->n_devices > MOST_CELLS)
        return SLUICE_OK;
    int64_t *costs_ns = sl_alloc(what->allocator, n, sizeof *costs_ns);
    if (!costs_ns)
        return sl_no_memory(why, "the costs of stages");
    set_costs(what, (double)what->n_microbatches / microbatches, even,
              costs_ns);
    sluice_status st = generate(what, microbatches, costs_ns, makespan_ns, why);
    sl_free(what->allocator, costs_ns, n, sizeof *costs_ns);
    /* Whatever else speaks against it: no advice, but no error of the trace. */
    return st == SLUICE_NO_MEMORY ? st : SLUICE_OK;
}
