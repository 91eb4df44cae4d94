/* What the actions of a schedule cost.  The main thread. */
#include "bench/order/schedule_costs.h"

#include <math.h>

const struct schedule_costs schedule_equal_costs = {
    .forward = 1,
    .input = 1,
    .weight = 1,
    .recompute = -1,
    .cell_ns = 1000 * 1000,
};

void schedule_costs_of(const struct schedule_costs *costs, int share,
                       int64_t costs_ns[SLUICE_N_ACTION_KINDS])
{
    double again = costs->recompute < 0 ? costs->forward : costs->recompute;
    double cell = (double)costs->cell_ns / share;
    costs_ns[SLUICE_F] = llround(costs->forward * cell);
    costs_ns[SLUICE_I] = llround(costs->input * cell);
    costs_ns[SLUICE_W] = llround(costs->weight * cell);
    costs_ns[SLUICE_B] = costs_ns[SLUICE_I] + costs_ns[SLUICE_W];
    costs_ns[SLUICE_R] = llround(again * cell);
    costs_ns[SLUICE_UPDATE] = 0;
}

/* How many parts of the model share the device of a part, in the first copy. */
static int share_of(const sluice_schedule *schedule, int part)
{
    int n = 0;
    int depth =
        sluice_schedule_n_stages(schedule) / sluice_schedule_n_copies(schedule);
    for (int s = 0; s < depth; s++)
        n += sluice_schedule_stage_device(schedule, s) ==
             sluice_schedule_stage_device(schedule, part);
    return n;
}

void schedule_stage_costs(const sluice_schedule *schedule,
                          const struct schedule_costs *costs, int64_t *costs_ns)
{
    int depth =
        sluice_schedule_n_stages(schedule) / sluice_schedule_n_copies(schedule);
    for (int s = 0; s < sluice_schedule_n_stages(schedule); s++)
        schedule_costs_of(costs, share_of(schedule, s % depth),
                          &costs_ns[s * SLUICE_N_ACTION_KINDS]);
}
