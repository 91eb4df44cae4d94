/* Consecutive backwards, and their reductions.  The thread that creates the
 * pipeline. */
#include "blueprint/checks/zero_order.h"

#include <stdbool.h>

static bool makes_gradient(sluice_action action)
{
    return action.kind == SLUICE_B || action.kind == SLUICE_W;
}

/* Whether it does nothing to the gradients of a stage.  T has its own. */
static bool leaves_gradients(sluice_action action)
{
    return action.kind == SLUICE_UNSHARD || action.kind == SLUICE_RESHARD ||
           action.kind == SLUICE_S || action.kind == SLUICE_T;
}

/* Whether an action of the same stage makes a gradient from `at` on. */
static bool goes_on(const sluice_action *actions, int n, int at, int stage)
{
    for (; at < n; at++)
        if (makes_gradient(actions[at]) && actions[at].stage == stage)
            return true;
    return false;
}

static sluice_status refuse(int wanted, int device, int position,
                            sluice_action before, sluice_action between,
                            sluice_diag *why)
{
    char first[SLUICE_DIAG_ACTION], other[SLUICE_DIAG_ACTION];
    sluice_diag_set(why, SLUICE_INVALID,
                    "ZeRO stage %d: the backwards of stage %d do not follow "
                    "each other, for %s at position %d of device %d stands "
                    "between %s and the next one, and the whole gradient "
                    "would be kept meanwhile; use gpipe, looped-bfs or "
                    "gather_weights of all micro-batches, or set zero to 1",
                    wanted, before.stage,
                    sluice_action_format(between, other, sizeof other),
                    position, device,
                    sluice_action_format(before, first, sizeof first));
    if (why) {
        why->device = device;
        why->stage = before.stage;
        why->position = position;
    }
    return SLUICE_INVALID;
}

static sluice_status check_device(int wanted, const sluice_schedule *schedule,
                                  int device, sluice_diag *why)
{
    int n, open = -1; /* the last action that made a gradient */
    const sluice_action *at = sluice_schedule_actions(schedule, device, &n);
    for (int i = 0; i < n; i++) {
        if (leaves_gradients(at[i]))
            continue;
        bool same = open >= 0 && at[i].stage == at[open].stage;
        bool belongs =
            same && (makes_gradient(at[i]) || at[i].kind == SLUICE_R);
        if (open >= 0 && !belongs && goes_on(at, n, i, at[open].stage))
            return refuse(wanted, device, i, at[open], at[i], why);
        if (makes_gradient(at[i]))
            open = i;
        else if (open >= 0 && !belongs)
            open = -1;
    }
    return SLUICE_OK;
}

sluice_status sl_zero_check_order(int wanted, const sluice_schedule *schedule,
                                  sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int d = 0; d < sluice_schedule_n_devices(schedule) && !st; d++)
        st = check_device(wanted, schedule, d, why);
    return st;
}

/* Whether the stage's REDUCE_GRAD stands in the list from `at` on, before
 * another stage makes a gradient. */
static bool is_reduced_next(const sluice_action *actions, int n, int at,
                            int stage)
{
    for (; at < n && !makes_gradient(actions[at]); at++)
        if (actions[at].kind == SLUICE_REDUCE_GRAD &&
            actions[at].stage == stage)
            return true;
    return false;
}

static sluice_status refuse_unreduced(int wanted, int device, int position,
                                      sluice_action last, sluice_diag *why)
{
    char name[SLUICE_DIAG_ACTION], needed[SLUICE_DIAG_ACTION];
    const sluice_action reduction = {SLUICE_REDUCE_GRAD, last.stage, -1, 0};
    sluice_diag_set(why, SLUICE_INVALID,
                    "ZeRO stage %d: between %s at position %d of device %d and "
                    "the next stage's backward, or the end of the list, there "
                    "is no %s, and its gradient would not be kept; put it "
                    "there, or set zero to 1",
                    wanted, sluice_action_format(last, name, sizeof name),
                    position, device,
                    sluice_action_format(reduction, needed, sizeof needed));
    if (why) {
        why->device = device;
        why->stage = last.stage;
        why->position = position;
    }
    return SLUICE_INVALID;
}

sluice_status sl_zero_check_reductions(int wanted,
                                       const sluice_schedule *schedule,
                                       sluice_diag *why)
{
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++) {
        int n;
        const sluice_action *at = sluice_schedule_actions(schedule, d, &n);
        for (int i = 0; i < n; i++)
            if (makes_gradient(at[i]) && !goes_on(at, n, i + 1, at[i].stage) &&
                !is_reduced_next(at, n, i + 1, at[i].stage))
                return refuse_unreduced(wanted, d, i, at[i], why);
    }
    return SLUICE_OK;
}
