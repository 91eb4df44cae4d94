/*
 * Rule `shards`: parameters and gradients that replicas share.  One device's
 * list decides it: all replicas run the same lists, so that what one of them
 * waits for in another stands at the same place there.
 */
#include "sched/verify/verify.h"

#include "base/memory.h"

/* A stage, as far as its device's list has been walked; positions, -1: none. */
struct stage {
    bool shares;     /* the list has an UNSHARD or RESHARD of it */
    bool is_whole;   /* its parameters are there */
    int32_t last;    /* UNSHARD or RESHARD */
    int32_t reduced; /* REDUCE_GRAD */
};

struct walk {
    const struct sl_proof *proof;
    struct stage *stages; /* [n_stages] */
    bool reduces;         /* some stage has a REDUCE_GRAD */
};

/* What does not go with them at all. */
static sluice_status check_company(const struct walk *walk, int device,
                                   int position, sluice_action action)
{
    const struct sl_proof *proof = walk->proof;
    if (proof->asynchronous)
        return sl_refuse(proof, device, position, action,
                         "shards: %s at position %d of device %d stands in an "
                         "asynchronous schedule, whose stages keep several "
                         "versions of their weights: remove it",
                         sl_name_of(action).text, position, device);
    if (action.kind == SLUICE_REDUCE_GRAD && proof->schedule->n_copies > 1)
        return sl_refuse(proof, device, position, action,
                         "shards: %s at position %d of device %d stands in a "
                         "schedule with %d copies of the model, which add up "
                         "their gradients at the UPDATEs: remove it",
                         sl_name_of(action).text, position, device,
                         proof->schedule->n_copies);
    return SLUICE_OK;
}

static void note(struct walk *walk, sluice_action action)
{
    struct stage *stage = &walk->stages[action.stage];
    stage->shares |=
        action.kind == SLUICE_UNSHARD || action.kind == SLUICE_RESHARD;
    walk->reduces |= action.kind == SLUICE_REDUCE_GRAD;
}

static sluice_status note_all(struct walk *walk)
{
    const sluice_schedule *schedule = walk->proof->schedule;
    sluice_status st = SLUICE_OK;
    for (int s = 0; s < schedule->n_stages; s++)
        walk->stages[s] = (struct stage){.last = -1, .reduced = -1};
    for (int d = 0; d < schedule->n_devices; d++)
        for (int i = 0; i < schedule->programs[d].n && !st; i++) {
            sluice_action action = schedule->programs[d].actions[i];
            if (sl_shards(action))
                st = check_company(walk, d, i, action);
            note(walk, action);
        }
    return st;
}

/* UNSHARD and RESHARD take turns. */
static sluice_status turn(const struct walk *walk, int device, int position,
                          sluice_action action)
{
    struct stage *stage = &walk->stages[action.stage];
    bool unshards = action.kind == SLUICE_UNSHARD;
    if (stage->is_whole == unshards)
        return sl_refuse(walk->proof, device, position, action,
                         "shards: %s at position %d of device %d comes where "
                         "the parameters of stage %d are %s already: remove it",
                         sl_name_of(action).text, position, device,
                         action.stage, unshards ? "whole" : "shared");
    stage->is_whole = unshards;
    stage->last = position;
    return SLUICE_OK;
}

static sluice_status reduce(const struct walk *walk, int device, int position,
                            sluice_action action)
{
    struct stage *stage = &walk->stages[action.stage];
    if (stage->reduced >= 0)
        return sl_refuse(walk->proof, device, position, action,
                         "shards: %s at position %d of device %d is there "
                         "twice: remove one",
                         sl_name_of(action).text, position, device);
    stage->reduced = position;
    return SLUICE_OK;
}

static sluice_status refuse_shared(const struct walk *walk, int device,
                                   int position, sluice_action action)
{
    const struct stage *stage = &walk->stages[action.stage];
    const sluice_action needed = {SLUICE_UNSHARD, action.stage, -1, 0};
    const sluice_action given = {SLUICE_RESHARD, action.stage, -1, 0};
    if (stage->last < 0)
        return sl_refuse(walk->proof, device, position, action,
                         "shards: %s at position %d of device %d needs "
                         "parameters of which the device has its part only: "
                         "put %s before it",
                         sl_name_of(action).text, position, device,
                         sl_name_of(needed).text);
    return sl_refuse(walk->proof, device, position, action,
                     "shards: %s at position %d of device %d needs parameters "
                     "that %s at position %d has given away: put %s before it",
                     sl_name_of(action).text, position, device,
                     sl_name_of(given).text, stage->last,
                     sl_name_of(needed).text);
}

static sluice_status compute(const struct walk *walk, int device, int position,
                             sluice_action action)
{
    const struct stage *stage = &walk->stages[action.stage];
    const sluice_action reduction = {SLUICE_REDUCE_GRAD, action.stage, -1, 0};
    if (stage->shares && !stage->is_whole)
        return refuse_shared(walk, device, position, action);
    if (1u << action.kind & SL_BIT_LAST && stage->reduced >= 0)
        return sl_refuse(walk->proof, device, position, action,
                         "shards: %s at position %d of device %d adds to the "
                         "gradient that %s at position %d has summed: put %s "
                         "behind the last B or W of its stage",
                         sl_name_of(action).text, position, device,
                         sl_name_of(reduction).text, stage->reduced,
                         sl_name_of(reduction).text);
    return SLUICE_OK;
}

static sluice_status check_device(const struct walk *walk, int device)
{
    const struct sl_action_list *list =
        &walk->proof->schedule->programs[device];
    const unsigned computes =
        SL_BIT_F | SL_BIT_B | SL_BIT_I | SL_BIT_W | SL_BIT_R;
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < list->n && !st; i++) {
        sluice_action action = list->actions[i];
        if (action.kind == SLUICE_UNSHARD || action.kind == SLUICE_RESHARD)
            st = turn(walk, device, i, action);
        else if (action.kind == SLUICE_REDUCE_GRAD)
            st = reduce(walk, device, i, action);
        else if (1u << action.kind & computes)
            st = compute(walk, device, i, action);
    }
    return st;
}

/* Where one stage sums its gradient early, each does. */
static sluice_status check_missing(const struct walk *walk)
{
    const sluice_schedule *schedule = walk->proof->schedule;
    for (int s = 0; s < schedule->n_stages && walk->reduces; s++) {
        sluice_action action = {SLUICE_REDUCE_GRAD, s, -1, 0};
        if (walk->stages[s].reduced < 0)
            return sl_refuse(walk->proof, schedule->stage_device[s], -1, action,
                             "shards: %s is missing: other stages have theirs; "
                             "put it behind the last B or W of its stage",
                             sl_name_of(action).text);
    }
    return SLUICE_OK;
}

sluice_status sl_verify_shards(struct sl_proof *proof)
{
    const sluice_schedule *schedule = proof->schedule;
    size_t n = (size_t)schedule->n_stages;
    struct walk walk = {.proof = proof};
    if (!sl_schedule_shards(schedule))
        return SLUICE_OK;
    walk.stages = sl_alloc(schedule->allocator, n, sizeof *walk.stages);
    if (!walk.stages)
        return sl_no_memory(proof->why, "the proof of a schedule");
    sluice_status st = note_all(&walk);
    for (int d = 0; d < schedule->n_devices && !st; d++)
        st = check_device(&walk, d);
    if (!st)
        st = check_missing(&walk);
    sl_free(schedule->allocator, walk.stages, n, sizeof *walk.stages);
    return st;
}
