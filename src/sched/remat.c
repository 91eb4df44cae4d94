/* Rematerialization as a pass: insert an R before the chosen backwards. */
#include "sched/schedule.h"

#include "base/memory.h"

static sluice_status check(const sluice_schedule *schedule, sluice_remat remat,
                           sluice_diag *why)
{
    if ((unsigned)remat > SLUICE_REMAT_EXCEPT_LAST)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "rematerialization %d: give "
                               "SLUICE_REMAT_NEVER (%d), _ALWAYS (%d) or "
                               "_EXCEPT_LAST (%d)",
                               (int)remat, SLUICE_REMAT_NEVER,
                               SLUICE_REMAT_ALWAYS, SLUICE_REMAT_EXCEPT_LAST);
    for (int d = 0; d < schedule->n_devices && remat; d++)
        for (int i = 0; i < schedule->programs[d].n; i++) {
            sluice_action action = schedule->programs[d].actions[i];
            if (action.kind == SLUICE_R)
                return sluice_diag_set(why, SLUICE_INVALID,
                                       "the schedule recomputes already: "
                                       "%dR%d at position %d of device %d; "
                                       "start from one without R",
                                       action.stage, action.microbatch, i, d);
        }
    return SLUICE_OK;
}

static sluice_status copy_device(const sluice_schedule *schedule, int device,
                                 sluice_remat remat, bool *begun,
                                 sluice_schedule *out, sluice_diag *why)
{
    const struct sl_action_list *program = &schedule->programs[device];
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < program->n && !st; i++) {
        sluice_action action = program->actions[i];
        if (action.kind == SLUICE_B || action.kind == SLUICE_I) {
            sluice_action recompute = {SLUICE_R, action.stage,
                                       action.microbatch};
            if (remat == SLUICE_REMAT_ALWAYS ||
                (remat == SLUICE_REMAT_EXCEPT_LAST && begun[action.stage]))
                st = sluice_schedule_append(out, device, recompute, why);
            begun[action.stage] = true;
        }
        if (!st)
            st = sluice_schedule_append(out, device, action, why);
    }
    return st;
}

sluice_status sluice_schedule_remat(const sluice_schedule *schedule,
                                    sluice_remat remat, sluice_schedule **out,
                                    sluice_diag *why)
{
    sluice_status st = check(schedule, remat, why);
    if (st)
        return st;
    sluice_schedule *copy;
    st = sl_schedule_like(schedule, &copy, why);
    if (st)
        return st;
    bool begun[SLUICE_MAX_STAGES] = {false}; /* the stage's backward phase */
    for (int d = 0; d < schedule->n_devices && !st; d++)
        st = copy_device(schedule, d, remat, begun, copy, why);
    if (st) {
        sluice_schedule_destroy(copy);
        return st;
    }
    *out = copy;
    return SLUICE_OK;
}
