/*
 * UNSHARD, RESHARD and REDUCE_GRAD, placed as PyTorch's pipelining does.  From
 * each action a device looks ahead to the stages that come next.
 */
#include <sluice/schedule_passes.h>

#include "base/memory.h"
#include "sched/passes/pass.h"

/* The stages that a device has whole, and how far its list has come. */
struct walk {
    const struct sl_action_list *list;
    sluice_schedule *out;
    int device;
    int most;
    bool whole[SLUICE_MAX_STAGES];
    int computed[SLUICE_MAX_STAGES]; /* position of the last action, -1: none */
    int summed[SLUICE_MAX_STAGES];   /* of the last B or W */
    int n_left;                      /* stages with actions to come */
};

static bool computes(sluice_action action)
{
    return action.microbatch >= 0 && !sl_is_hand_off(action);
}

static bool adds_gradient(sluice_action action)
{
    return action.kind == SLUICE_B || action.kind == SLUICE_W;
}

static sluice_status append(struct walk *walk, int kind, int stage,
                            sluice_diag *why)
{
    if (kind != SLUICE_REDUCE_GRAD)
        walk->whole[stage] = kind == SLUICE_UNSHARD;
    return sluice_schedule_append(walk->out, walk->device,
                                  (sluice_action){kind, stage, -1, 0}, why);
}

static void begin(struct walk *walk)
{
    for (int s = 0; s < walk->out->n_stages; s++)
        walk->computed[s] = walk->summed[s] = -1;
    for (int i = 0; i < walk->list->n; i++) {
        sluice_action action = walk->list->actions[i];
        if (!computes(action))
            continue;
        walk->n_left += walk->computed[action.stage] < 0;
        walk->computed[action.stage] = i;
        if (adds_gradient(action))
            walk->summed[action.stage] = i;
    }
}

/* The next different stages from `at` on, at most walk->most: how many.  It
 * ends with the last one that is left, so as not to search in vain. */
static int look_ahead(const struct walk *walk, int at, int *next)
{
    int n = 0;
    int most = walk->n_left < walk->most ? walk->n_left : walk->most;
    for (; at < walk->list->n && n < most; at++) {
        sluice_action action = walk->list->actions[at];
        bool known = !computes(action);
        for (int i = 0; i < n; i++)
            known |= next[i] == action.stage;
        if (!known)
            next[n++] = action.stage;
    }
    return n;
}

static bool is_among(const int *next, int n, int stage)
{
    for (int i = 0; i < n; i++)
        if (next[i] == stage)
            return true;
    return false;
}

/* Give away what is not among the next n stages, then bring those. */
static sluice_status change(struct walk *walk, const int *next, int n,
                            sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int s = 0; s < walk->out->n_stages && !st; s++)
        if (walk->whole[s] && !is_among(next, n, s))
            st = append(walk, SLUICE_RESHARD, s, why);
    for (int i = 0; i < n && !st; i++)
        if (!walk->whole[next[i]])
            st = append(walk, SLUICE_UNSHARD, next[i], why);
    return st;
}

enum { MOST_WHOLE = 64 };

static sluice_status copy_list(struct walk *walk, sluice_diag *why)
{
    int next[MOST_WHOLE];
    sluice_status st = SLUICE_OK;
    begin(walk);
    for (int i = 0; i < walk->list->n && !st; i++) {
        sluice_action action = walk->list->actions[i];
        if (walk->most && (computes(action) || action.kind == SLUICE_UPDATE))
            st = change(walk, next, look_ahead(walk, i, next), why);
        if (!st)
            st = sluice_schedule_append(walk->out, walk->device, action, why);
        if (!st && adds_gradient(action) && walk->summed[action.stage] == i)
            st = append(walk, SLUICE_REDUCE_GRAD, action.stage, why);
        walk->n_left -= computes(action) && walk->computed[action.stage] == i;
    }
    return st;
}

static sluice_status copy_device(const void *context,
                                 const sluice_schedule *schedule, int device,
                                 sluice_schedule *out, sluice_diag *why)
{
    const int *most = context;
    struct walk *walk = sl_alloc(schedule->allocator, 1, sizeof *walk);
    if (!walk)
        return sl_no_memory(why, "the actions of shared parameters");
    walk->list = &schedule->programs[device];
    walk->out = out;
    walk->device = device;
    walk->most = *most;
    sluice_status st = copy_list(walk, why);
    sl_free(schedule->allocator, walk, 1, sizeof *walk);
    return st;
}

static sluice_status check(const sluice_schedule *schedule, int most_whole,
                           sluice_diag *why)
{
    if (most_whole < 0 || most_whole > MOST_WHOLE)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d stages whose parameters are whole: give 1 "
                               "to %d, or 0 to place REDUCE_GRAD only",
                               most_whole, MOST_WHOLE);
    if (sl_schedule_shards(schedule))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the schedule has UNSHARD, RESHARD or "
                               "REDUCE_GRAD already: they are placed once");
    if (sluice_schedule_n_updates(schedule) > 1 || schedule->n_copies > 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the schedule has %d updates of a stage and %d "
                               "copies of the model: parameters are shared in "
                               "one with one of each",
                               sluice_schedule_n_updates(schedule),
                               schedule->n_copies);
    return SLUICE_OK;
}

sluice_status sluice_schedule_shard(const sluice_schedule *schedule,
                                    int most_whole, sluice_schedule **out,
                                    sluice_diag *why)
{
    sluice_status st = check(schedule, most_whole, why);
    return st ? st : sl_pass(schedule, copy_device, &most_whole, out, why);
}
