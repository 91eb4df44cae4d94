/* Whether to reshape.  Any thread. */
#include "train/adapt/decision.h"

#include <sluice/reference.h>
#include <sluice/simulate.h>

#include "base/memory.h"

enum { KINDS = SLUICE_N_ACTION_KINDS };

/* The costs of stages, [n_stages][KINDS]. */
static void add_up(const sluice_plan_config *problem, struct sl_cut cut,
                   int64_t *stage_ns)
{
    for (int s = 0, i = 0; s < cut.n_stages; s++)
        for (int end = i + cut.partition[s]; i < end; i++)
            for (int kind = 0; kind < KINDS; kind++)
                stage_ns[s * KINDS + kind] +=
                    problem->costs_ns[i * KINDS + kind];
}

static sluice_status simulate(const sluice_plan_config *problem,
                              const struct sl_machine *machine,
                              const struct sl_running_shape *now,
                              const int64_t *stage_ns, int64_t *out,
                              sluice_diag *why)
{
    double speeds[SLUICE_MAX_DEVICES];
    for (int p = 0; p < now->n_places; p++)
        speeds[p] = machine->speeds[now->places[p]];
    const sluice_simulate_config config = {
        .stage_costs_ns = stage_ns,
        .device_speeds = speeds,
        .queue_capacity = now->queue_capacity,
        .no_events = true,
        .allocator = problem->allocator,
    };
    sluice_simulation *simulation;
    sluice_status st =
        sluice_simulate(now->schedule, &config, &simulation, why);
    if (st)
        return st;
    *out = sluice_simulation_trace(simulation)->end_ns;
    sluice_simulation_destroy(simulation);
    return SLUICE_OK;
}

sluice_status sl_decision_price(const sluice_plan_config *problem,
                                const struct sl_machine *machine,
                                const struct sl_running_shape *now,
                                int64_t *out, sluice_diag *why)
{
    size_t n = (size_t)now->cut.n_stages * KINDS;
    int64_t *stage_ns = sl_alloc(problem->allocator, n, sizeof *stage_ns);
    if (!stage_ns)
        return sl_no_memory(why, "the costs of stages");
    add_up(problem, now->cut, stage_ns);
    sluice_status st = simulate(problem, machine, now, stage_ns, out, why);
    sl_free(problem->allocator, stage_ns, n, sizeof *stage_ns);
    return st;
}

static bool works_on_lost(const struct sl_machine *machine,
                          const struct sl_running_shape *now)
{
    for (int p = 0; p < now->n_places; p++)
        if (machine->lost[now->places[p]])
            return true;
    return false;
}

/* The bits are not to depend on what devices do. */
static bool same_order(const sluice_schedule *a, const sluice_schedule *b)
{
    sluice_backward_order one, other;
    return !sluice_reference_order(a, &one, NULL) &&
           !sluice_reference_order(b, &other, NULL) && one == other;
}

/* Whether a plan on the devices left[] has one of each process. */
static bool is_everywhere(const struct sl_machine *machine, const int *left,
                          const sluice_plan *plan)
{
    bool has[SLUICE_MAX_DEVICES] = {false};
    int n;
    const int *places = sluice_plan_places(plan, &n);
    for (int p = 0; p < n; p++)
        has[machine->process[left[places[p]]]] = true;
    for (int d = 0; d < machine->n_devices; d++)
        if (!has[machine->process[d]])
            return false;
    return true;
}

/* As many devices as it takes. */
static sluice_status find_everywhere(sluice_plan_config *config,
                                     const struct sl_machine *machine,
                                     const int *left, sluice_plan **out,
                                     sluice_diag *why)
{
    sluice_status st;
    while (!(st = sluice_plan_find(config, out, why)) &&
           !is_everywhere(machine, left, *out)) {
        sluice_plan_places(*out, &config->least_devices);
        config->least_devices++;
        sluice_plan_destroy(*out);
    }
    return st;
}

/* Find a plan on the devices that are left; left[] are their numbers. */
static sluice_status find(const sluice_plan_config *problem,
                          const struct sl_machine *machine, int *left,
                          sluice_plan **out, sluice_diag *why)
{
    sluice_plan_device devices[SLUICE_MAX_DEVICES];
    sluice_plan_config config = *problem;
    config.devices = devices;
    config.n_devices = 0;
    for (int d = 0; d < machine->n_devices; d++) {
        if (machine->lost[d])
            continue;
        left[config.n_devices] = d;
        devices[config.n_devices++] = (sluice_plan_device){
            .speed = machine->speeds[d],
            .cap_bytes = problem->devices ? problem->devices[d].cap_bytes : 0,
        };
    }
    if (config.n_devices == 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "no core is left of those on which the training "
                               "began");
    return find_everywhere(&config, machine, left, out, why);
}

sluice_status sl_decide(const sluice_plan_config *problem,
                        const struct sl_machine *machine,
                        const struct sl_running_shape *now, double margin,
                        struct sl_decision *out, sluice_diag *why)
{
    int left[SLUICE_MAX_DEVICES];
    sluice_plan *plan;
    *out = (struct sl_decision){.reshapes = false};
    sluice_status st =
        sl_decision_price(problem, machine, now, &out->now_ns, why);
    if (!st)
        st = find(problem, machine, left, &plan, why);
    if (st)
        return st;
    out->best_ns = sluice_plan_row_at(plan, 0)->step_ns;
    bool pays = (double)out->now_ns > (1 + margin) * (double)out->best_ns;
    out->reshapes = (pays || works_on_lost(machine, now)) &&
                    same_order(now->schedule, sluice_plan_schedule(plan));
    if (!out->reshapes) {
        sluice_plan_destroy(plan);
        return SLUICE_OK;
    }
    const int *places = sluice_plan_places(plan, &out->n_places);
    for (int p = 0; p < out->n_places; p++)
        out->places[p] = left[places[p]];
    out->plan = plan;
    return SLUICE_OK;
}
