/* B becomes I and W, one after the other. */
#include <sluice/schedule_passes.h>

#include "sched/passes/pass.h"

static sluice_status copy_device(const void *context,
                                 const sluice_schedule *schedule, int device,
                                 sluice_schedule *out, sluice_diag *why)
{
    (void)context;
    const struct sl_action_list *program = &schedule->programs[device];
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < program->n && !st; i++) {
        sluice_action action = program->actions[i];
        bool whole = action.kind == SLUICE_B;
        if (whole)
            action.kind = SLUICE_I;
        st = sluice_schedule_append(out, device, action, why);
        action.kind = SLUICE_W;
        if (whole && !st)
            st = sluice_schedule_append(out, device, action, why);
    }
    return st;
}

sluice_status sluice_schedule_split_backward(const sluice_schedule *schedule,
                                             sluice_schedule **out,
                                             sluice_diag *why)
{
    return sl_pass(schedule, copy_device, NULL, out, why);
}
