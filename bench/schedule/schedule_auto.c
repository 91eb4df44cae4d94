/* The schedule that is searched for.  The main thread. */
#include "bench/schedule/schedule_auto.h"

#include <math.h>
#include <stdlib.h>

#include <sluice/search.h>

sluice_status schedule_auto(const struct schedule_wanted *wanted, int devices,
                            int microbatches, sluice_schedule **out,
                            sluice_diag *why)
{
    int chunks = wanted->order.chunks ? wanted->order.chunks : 1;
    size_t stages = (size_t)chunks * (size_t)devices;
    int64_t *costs = calloc(stages * SLUICE_N_ACTION_KINDS, sizeof *costs);
    if (!costs)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of %zu stages",
                               stages);
    for (size_t s = 0; s < stages; s++)
        schedule_costs_of(&wanted->costs, chunks,
                          &costs[s * SLUICE_N_ACTION_KINDS]);
    const sluice_search_config config = {
        .devices = devices,
        .microbatches = microbatches,
        .stages = (int)stages,
        .stage_costs_ns = costs,
        .latency_ns =
            llround(wanted->costs.latency * (double)wanted->costs.cell_ns),
        .queue_capacity = wanted->order.capacity,
        .limit = (int64_t)wanted->limit * chunks,
    };
    sluice_status st = sluice_schedule_search(&config, out, NULL, why);
    free(costs);
    return st;
}
