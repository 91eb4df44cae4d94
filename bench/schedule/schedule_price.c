/* Proof, simulation and formula of a schedule.  The main thread. */
#include "bench/schedule/schedule_price.h"

#include <math.h>
#include <stdlib.h>

#include <sluice/schedule_formula.h>

#include "bench/order/schedule_names.h"
#include "bench/order/order.h"

sluice_status schedule_prove(const sluice_schedule *schedule, int capacity,
                             sluice_device_facts *facts, sluice_diag *why)
{
    const sluice_verify_config config = {
        .queue_capacity = capacity,
        .forward_only = schedule_is_forward(schedule),
    };
    return sluice_schedule_verify(schedule, &config, facts, why);
}

/* Whether nothing was done to a generator's schedule but recomputing naively,
 * which makes the backward longer, and all stages are equal. */
static bool has_formula(const struct schedule_wanted *wanted)
{
    bool never = wanted->order.remat == SLUICE_REMAT_NEVER;
    bool naive = wanted->order.remat == SLUICE_REMAT_ALWAYS &&
                 wanted->moment == RECOMPUTE_NAIVE;
    return !wanted->order.speeds.n && !wanted->costs.n_stages &&
           !schedule_is_file(wanted->order.schedule) && !wanted->remats &&
           !wanted->split && !wanted->merge && !wanted->slack &&
           (never || naive);
}

static double formula(const struct schedule_wanted *wanted,
                      const struct schedule_price *price)
{
    if (!has_formula(wanted))
        return NAN;
    const struct schedule_costs *costs = &wanted->costs;
    double again = costs->recompute < 0 ? costs->forward : costs->recompute;
    bool recomputes = wanted->order.remat == SLUICE_REMAT_ALWAYS;
    const sluice_device_costs share = {
        .forward = costs->forward,
        .input = costs->input + (recomputes ? again : 0),
        .weight = costs->weight,
    };
    const sluice_schedule_config config =
        order_config(&wanted->order, price->n_devices, price->n_microbatches);
    double idle =
        sluice_schedule_idle(&config, &share) * (double)costs->cell_ns;
    double busy = (double)price->all.time.busy_ns / price->n_devices;
    return idle / (idle + busy);
}

static sluice_status simulate(const struct schedule_wanted *wanted,
                              const sluice_schedule *schedule,
                              const int64_t *costs_ns, bool traced,
                              struct schedule_price *price, sluice_diag *why)
{
    size_t n = (size_t)price->n_devices;
    const struct schedule_costs *costs = &wanted->costs;
    const sluice_simulate_config config = {
        .stage_costs_ns = costs_ns,
        .latency_ns = llround(costs->latency * (double)costs->cell_ns),
        .queue_capacity = wanted->order.capacity,
        .naive_recompute = wanted->moment == RECOMPUTE_NAIVE,
        .no_events = !traced,
    };
    sluice_status st =
        sluice_simulate(schedule, &config, &price->simulation, why);
    sluice_time_share *times = calloc(n, sizeof *times);
    if (!st && !times)
        st = sluice_diag_set(why, SLUICE_NO_MEMORY,
                             "out of memory for the times of %zu devices", n);
    if (!st) {
        sluice_simulation_account(price->simulation, times, &price->all.time);
        for (size_t d = 0; d < n; d++)
            price->devices[d].time = times[d];
    }
    free(times);
    return st;
}

static sluice_status count(const struct schedule_wanted *wanted,
                           const sluice_schedule *schedule,
                           struct schedule_price *price, sluice_diag *why)
{
    size_t n = (size_t)price->n_devices;
    int copies = sluice_schedule_n_copies(schedule);
    sluice_device_facts *facts = calloc(n, sizeof *facts);
    if (!facts)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the peaks of %zu devices", n);
    sluice_status st =
        schedule_prove(schedule, wanted->order.capacity, facts, why);
    for (int d = 0; d < price->n_devices && !st; d++) {
        int stages = schedule_stages_on(schedule, d);
        struct schedule_share *share = &price->devices[d];
        share->activations = facts[d].whole_activations;
        share->inner = facts[d].whole_inner;
        share->parameters = (double)stages * copies / price->n_stages;
        share->versions = facts[d].peak_versions;
        price->all.activations =
            fmax(price->all.activations, share->activations);
        price->all.inner = fmax(price->all.inner, share->inner);
        price->all.parameters += share->parameters;
        if (share->versions > price->all.versions)
            price->all.versions = share->versions;
    }
    free(facts);
    return st;
}

/* With the costs that are wanted, unless others are given. */
static sluice_status fill(const struct schedule_wanted *wanted,
                          const sluice_schedule *schedule,
                          const int64_t *costs_ns, bool traced,
                          struct schedule_price *price, sluice_diag *why)
{
    int64_t *own =
        calloc((size_t)price->n_stages * SLUICE_N_ACTION_KINDS, sizeof *own);
    price->devices = calloc((size_t)price->n_devices, sizeof *price->devices);
    sluice_status st = SLUICE_OK;
    if (!own || !price->devices)
        st = sluice_diag_set(why, SLUICE_NO_MEMORY,
                             "out of memory for the price of a schedule");
    if (!st)
        st = schedule_stage_costs(schedule, &wanted->costs,
                                  &wanted->order.speeds, own, why);
    if (!st)
        st = count(wanted, schedule, price, why);
    if (!st)
        st = simulate(wanted, schedule, costs_ns ? costs_ns : own, traced,
                      price, why);
    if (!st)
        price->formula = costs_ns ? NAN : formula(wanted, price);
    free(own);
    return st;
}

sluice_status schedule_price(const struct schedule_wanted *wanted,
                             const sluice_schedule *schedule,
                             const int64_t *stage_costs_ns, bool traced,
                             struct schedule_price *out, sluice_diag *why)
{
    struct schedule_price price = {
        .n_devices = sluice_schedule_n_devices(schedule),
        .n_stages = sluice_schedule_n_stages(schedule),
        .n_microbatches = sluice_schedule_n_microbatches(schedule),
    };
    sluice_status st =
        fill(wanted, schedule, stage_costs_ns, traced, &price, why);
    if (st)
        schedule_price_fini(&price);
    else
        *out = price;
    return st;
}

void schedule_price_fini(struct schedule_price *price)
{
    sluice_simulation_destroy(price->simulation);
    free(price->devices);
    *price = (struct schedule_price){0};
}
