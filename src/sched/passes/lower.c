/* Hand-offs spelled out as actions of their own, and left out again. */
#include <sluice/schedule_passes.h>

#include <stdio.h>
#include <string.h>

#include "sched/passes/pass.h"

/* Whether something passes from stage to stage + 1 between devices. */
static bool crosses(const sluice_schedule *schedule, int stage)
{
    return sl_schedule_boundary(schedule, stage) &&
           schedule->stage_device[stage] != schedule->stage_device[stage + 1];
}

/* An action with its hand-offs around it. */
struct lowered {
    sluice_action actions[3];
    int n;
};

static void add(struct lowered *lowered, int kind, sluice_action of)
{
    lowered->actions[lowered->n++] =
        (sluice_action){kind, of.stage, of.microbatch};
}

static struct lowered lower(const sluice_schedule *schedule,
                            sluice_action action)
{
    struct lowered lowered = {.n = 0};
    bool forward = action.kind == SLUICE_F;
    bool backward = action.kind == SLUICE_B || action.kind == SLUICE_I;
    bool before = crosses(schedule, action.stage - 1);
    bool after = crosses(schedule, action.stage);
    if (forward && before)
        add(&lowered, SLUICE_RECV_F, action);
    if (backward && after)
        add(&lowered, SLUICE_RECV_B, action);
    lowered.actions[lowered.n++] = action;
    if (forward && after)
        add(&lowered, SLUICE_SEND_F, action);
    if (backward && before)
        add(&lowered, SLUICE_SEND_B, action);
    return lowered;
}

static sluice_status lower_device(const void *context,
                                  const sluice_schedule *schedule, int device,
                                  sluice_schedule *out, sluice_diag *why)
{
    (void)context;
    const struct sl_action_list *list = &schedule->programs[device];
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < list->n; i++) {
        struct lowered lowered = lower(schedule, list->actions[i]);
        for (int j = 0; j < lowered.n && !st; j++)
            st = sluice_schedule_append(out, device, lowered.actions[j], why);
    }
    return st;
}

static sluice_status raise_device(const void *context,
                                  const sluice_schedule *schedule, int device,
                                  sluice_schedule *out, sluice_diag *why)
{
    (void)context;
    const struct sl_action_list *list = &schedule->programs[device];
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < list->n && !st; i++)
        if (!sl_is_hand_off(list->actions[i]))
            st = sluice_schedule_append(out, device, list->actions[i], why);
    return st;
}

/* `remark` is for refusals, in place of the schedule's own. */
static sluice_status pass_and_verify(const sluice_schedule *schedule,
                                     sl_pass_device *pass, const char *remark,
                                     int queue_capacity, sluice_schedule **out,
                                     sluice_diag *why)
{
    sluice_schedule *passed;
    sluice_status st = sl_pass(schedule, pass, NULL, &passed, why);
    if (st)
        return st;
    snprintf(passed->remark, sizeof passed->remark, "%s", remark);
    const sluice_verify_config config = {
        .queue_capacity = queue_capacity,
        .forward_only = sl_schedule_is_forward(passed),
    };
    st = sluice_schedule_verify(passed, &config, NULL, why);
    memcpy(passed->remark, schedule->remark, sizeof passed->remark);
    if (st)
        sluice_schedule_destroy(passed);
    else
        *out = passed;
    return st;
}

sluice_status sluice_schedule_lower(const sluice_schedule *schedule,
                                    int queue_capacity, sluice_schedule **out,
                                    sluice_diag *why)
{
    const sluice_verify_config config = {
        .queue_capacity = queue_capacity,
        .forward_only = sl_schedule_is_forward(schedule),
    };
    sluice_status st = sl_refuse_lowered(schedule, "lower it", why);
    if (!st) /* so that a refusal names an action of the caller's lists */
        st = sluice_schedule_verify(schedule, &config, NULL, why);
    if (st)
        return st;
    return pass_and_verify(schedule, lower_device, schedule->remark,
                           queue_capacity, out, why);
}

sluice_status sluice_schedule_raise(const sluice_schedule *schedule,
                                    int queue_capacity, sluice_schedule **out,
                                    sluice_diag *why)
{
    const char *remark = sluice_schedule_is_lowered(schedule)
                             ? "in the lists without sends and receives"
                             : schedule->remark;
    return pass_and_verify(schedule, raise_device, remark, queue_capacity, out,
                           why);
}
