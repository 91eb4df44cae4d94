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

void schedule_costs_of(const struct schedule_costs *costs, int stage, int share,
                       double speed, int64_t costs_ns[SLUICE_N_ACTION_KINDS])
{
    struct stage_cost one = {costs->forward, costs->input, costs->weight,
                             costs->recompute};
    double cell = (double)costs->cell_ns / speed;
    if (costs->n_stages)
        one = costs->stages[stage];
    else
        cell /= share;
    double again = one.recompute < 0 ? one.forward : one.recompute;
    costs_ns[SLUICE_F] = llround(one.forward * cell);
    costs_ns[SLUICE_I] = llround(one.input * cell);
    costs_ns[SLUICE_W] = llround(one.weight * cell);
    costs_ns[SLUICE_B] = costs_ns[SLUICE_I] + costs_ns[SLUICE_W];
    costs_ns[SLUICE_R] = llround(again * cell);
    costs_ns[SLUICE_S] =
        llround(costs->scores * (double)costs->cell_ns / speed);
    costs_ns[SLUICE_T] =
        llround(costs->scores_weight * (double)costs->cell_ns / speed);
    costs_ns[SLUICE_UPDATE] = 0;
}

sluice_status schedule_costs_check(const struct schedule_costs *costs,
                                   int n_stages, sluice_diag *why)
{
    if (!costs->n_stages || costs->n_stages == n_stages)
        return SLUICE_OK;
    return sluice_diag_set(
        why, SLUICE_INVALID,
        "--costs: %d stages have costs of their own, and the "
        "schedule has %d: give one for each, or one for all "
        "devices",
        costs->n_stages, n_stages);
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

sluice_status schedule_stage_costs(const sluice_schedule *schedule,
                                   const struct schedule_costs *costs,
                                   const struct device_speeds *speeds,
                                   int64_t *costs_ns, sluice_diag *why)
{
    int depth =
        sluice_schedule_n_stages(schedule) / sluice_schedule_n_copies(schedule);
    sluice_status st = schedule_costs_check(costs, depth, why);
    if (!st && speeds)
        st = device_speeds_check(speeds, sluice_schedule_n_devices(schedule),
                                 why);
    for (int s = 0; s < sluice_schedule_n_stages(schedule) && !st; s++) {
        int device = sluice_schedule_stage_device(schedule, s);
        double speed = speeds && speeds->n ? speeds->of[device] : 1;
        schedule_costs_of(costs, s % depth, share_of(schedule, s % depth),
                          speed, &costs_ns[s * SLUICE_N_ACTION_KINDS]);
    }
    return st;
}

bool schedule_cuts_vocabulary(const sluice_schedule *schedule)
{
    int n;
    const sluice_action *actions = sluice_schedule_actions(schedule, 0, &n);
    for (int i = 0; i < n; i++)
        if (actions[i].kind == SLUICE_S)
            return true;
    return false;
}
