/* The schedule that is searched for.  The main thread. */
#include "bench/order/schedule_auto.h"

#include <math.h>
#include <stdlib.h>

#include <sluice/search.h>

const struct choice objective_choices[] = {
    {"makespan", SLUICE_MAKESPAN},
    {"span", SLUICE_SPAN},
    {NULL, 0},
};

sluice_status schedule_auto(const struct order_options *order,
                            const struct schedule_costs *costs,
                            struct schedule_goal goal, int devices,
                            int microbatches, sluice_schedule **out,
                            sluice_diag *why)
{
    int chunks = order->generated.chunks ? order->generated.chunks : 1;
    size_t stages = (size_t)chunks * (size_t)devices;
    int64_t *costs_ns =
        calloc(stages * SLUICE_N_ACTION_KINDS, sizeof *costs_ns);
    if (!costs_ns)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of %zu stages",
                               stages);
    for (size_t s = 0; s < stages; s++)
        schedule_costs_of(costs, chunks, &costs_ns[s * SLUICE_N_ACTION_KINDS]);
    const sluice_search_config config = {
        .devices = devices,
        .microbatches = microbatches,
        .stages = (int)stages,
        .stage_costs_ns = costs_ns,
        .latency_ns = llround(costs->latency * (double)costs->cell_ns),
        .queue_capacity = order->capacity,
        .limit = (int64_t)goal.limit * chunks,
        .objective = (sluice_objective)goal.objective,
    };
    sluice_status st = sluice_schedule_search(&config, out, NULL, why);
    free(costs_ns);
    return st;
}
