/* The frame of passes that work device by device. */
#include "sched/passes/pass.h"

sluice_status sl_pass(const sluice_schedule *schedule, sl_pass_device *pass,
                      const void *context, sluice_schedule **out,
                      sluice_diag *why)
{
    sluice_schedule *copy;
    sluice_status st = sl_schedule_like(schedule, &copy, why);
    if (st)
        return st;
    for (int d = 0; d < copy->n_devices && !st; d++)
        st = pass(context, schedule, d, copy, why);
    if (st) {
        sluice_schedule_destroy(copy);
        return st;
    }
    *out = copy;
    return SLUICE_OK;
}

sluice_status sl_refuse_lowered(const sluice_schedule *schedule,
                                const char *wish, sluice_diag *why)
{
    if (!sluice_schedule_is_lowered(schedule))
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "the schedule has sends and receives already: raise "
                           "it first, then %s",
                           wish);
}

sluice_status sl_refuse_placed(const sluice_schedule *schedule,
                               const char *wish, sluice_diag *why)
{
    if (sl_schedule_shards(schedule))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the schedule has UNSHARD, RESHARD or "
                               "REDUCE_GRAD already: first %s, then place them",
                               wish);
    return sl_refuse_lowered(schedule, wish, why);
}
