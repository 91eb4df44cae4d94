/*
 * W's stand together: each backward is split, and its W waits until its stage
 * has `group` of them.
 *
 * The W's that wait are those of the last backwards of their stage, so that the
 * list itself is the queue: what is kept of a stage is how many wait, and where
 * the first of them stood.  One thread.
 */
#include <sluice/schedule_passes.h>

#include "base/memory.h"
#include "sched/passes/pass.h"

struct waiting {
    int n;
    int from; /* position of the first; read if n > 0 */
};

struct gathering {
    int group;               /* 0: all of a stage */
    struct waiting *waiting; /* [n_stages], all zero between devices */
};

/* Whether an action has a W in it. */
static bool has_weight(sluice_action action)
{
    return action.kind == SLUICE_B || action.kind == SLUICE_W;
}

/* Append the W's of a stage that wait, in the order of their backwards. */
static sluice_status release(struct waiting *waiting,
                             const struct sl_action_list *program, int stage,
                             int device, sluice_schedule *out, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = waiting->from; waiting->n > 0 && !st; i++) {
        sluice_action action = program->actions[i];
        if (action.stage != stage || !has_weight(action))
            continue;
        action.kind = SLUICE_W;
        st = sluice_schedule_append(out, device, action, why);
        waiting->n--;
    }
    return st;
}

/* Those of all stages. */
static sluice_status release_all(const struct gathering *gathering,
                                 const sluice_schedule *schedule, int device,
                                 sluice_schedule *out, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int s = 0; s < schedule->n_stages && !st; s++)
        st = release(&gathering->waiting[s], &schedule->programs[device], s,
                     device, out, why);
    return st;
}

/* Append action i without its W, which waits. */
static sluice_status keep(const struct gathering *gathering,
                          const sluice_schedule *schedule, int device, int i,
                          sluice_schedule *out, sluice_diag *why)
{
    sluice_action action = schedule->programs[device].actions[i];
    struct waiting *waiting = &gathering->waiting[action.stage];
    sluice_status st = SLUICE_OK;
    if (action.kind == SLUICE_B) {
        action.kind = SLUICE_I;
        st = sluice_schedule_append(out, device, action, why);
    }
    if (waiting->n == 0)
        waiting->from = i;
    waiting->n++;
    if (!st && waiting->n == gathering->group)
        st = release(waiting, &schedule->programs[device], action.stage, device,
                     out, why);
    return st;
}

/* An action that needs the gradients: anything but the work on micro-batches
 * itself. */
static bool reads_gradients(sluice_action action)
{
    return action.kind != SLUICE_F && action.kind != SLUICE_I &&
           action.kind != SLUICE_R && !has_weight(action);
}

static sluice_status gather_device(const void *context,
                                   const sluice_schedule *schedule, int device,
                                   sluice_schedule *out, sluice_diag *why)
{
    const struct gathering *gathering = context;
    const struct sl_action_list *program = &schedule->programs[device];
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < program->n && !st; i++) {
        if (has_weight(program->actions[i])) {
            st = keep(gathering, schedule, device, i, out, why);
            continue;
        }
        if (reads_gradients(program->actions[i]))
            st = release_all(gathering, schedule, device, out, why);
        if (!st)
            st = sluice_schedule_append(out, device, program->actions[i], why);
    }
    return st ? st : release_all(gathering, schedule, device, out, why);
}

sluice_status sluice_schedule_gather_weights(const sluice_schedule *schedule,
                                             int group, sluice_schedule **out,
                                             sluice_diag *why)
{
    if (group < 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d W's cannot stand together; say 0 for all of "
                               "a stage, or their number",
                               group);
    sluice_status st = sl_refuse_placed(schedule, "gather its W's", why);
    if (st)
        return st;
    size_t n = (size_t)schedule->n_stages;
    struct gathering gathering = {.group = group};
    gathering.waiting =
        sl_alloc(schedule->allocator, n, sizeof *gathering.waiting);
    if (!gathering.waiting)
        return sl_no_memory(why, "the W's that wait");
    for (size_t s = 0; s < n; s++)
        gathering.waiting[s] = (struct waiting){0};
    st = sl_pass(schedule, gather_device, &gathering, out, why);
    sl_free(schedule->allocator, gathering.waiting, n,
            sizeof *gathering.waiting);
    return st;
}
