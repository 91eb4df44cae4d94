/* I and W of a cell, one after the other, become B. */
#include <sluice/schedule_passes.h>

#include "sched/passes/pass.h"

static bool are_halves(sluice_action first, sluice_action second)
{
    sluice_action weight = first;
    weight.kind = SLUICE_W;
    return first.kind == SLUICE_I && second.kind == weight.kind &&
           second.stage == weight.stage &&
           second.microbatch == weight.microbatch;
}

static sluice_status copy_device(const void *context,
                                 const sluice_schedule *schedule, int device,
                                 sluice_schedule *out, sluice_diag *why)
{
    (void)context;
    const struct sl_action_list *program = &schedule->programs[device];
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < program->n && !st; i++) {
        sluice_action action = program->actions[i];
        if (i + 1 < program->n && are_halves(action, program->actions[i + 1])) {
            action.kind = SLUICE_B;
            i++;
        }
        st = sluice_schedule_append(out, device, action, why);
    }
    return st;
}

sluice_status sluice_schedule_merge_backward(const sluice_schedule *schedule,
                                             sluice_schedule **out,
                                             sluice_diag *why)
{
    return sl_pass(schedule, copy_device, NULL, out, why);
}
