/* Which W of a schedule are joined.  The caller's thread. */
#include "reference/joins.h"

#include <stdbool.h>

#include "base/memory.h"
#include "reference/reference.h"

/* A micro-batch in a stage: when it was there, counted among the others. */
struct turn {
    int forward;
    int backward;
    int kept; /* its activations, by F or R */
    bool recomputed;
};

/* A stage: its turns, and its W in groups. */
struct stage {
    int index;
    const sluice_action *actions;
    int n;
    struct turn *turns; /* [microbatches] */
    int *groups;        /* [microbatches] */
    int n_groups;
};

static void take_turns(struct stage *stage)
{
    int n_forward = 0, n_backward = 0, n_kept = 0;
    for (int i = 0; i < stage->n; i++)
        if (stage->actions[i].stage == stage->index &&
            stage->actions[i].kind == SLUICE_R)
            stage->turns[stage->actions[i].microbatch].recomputed = true;
    for (int i = 0; i < stage->n; i++) {
        sluice_action a = stage->actions[i];
        if (a.stage != stage->index || a.microbatch < 0)
            continue;
        struct turn *turn = &stage->turns[a.microbatch];
        if (a.kind == SLUICE_F)
            turn->forward = n_forward++;
        if (a.kind == (turn->recomputed ? SLUICE_R : SLUICE_F))
            turn->kept = n_kept++;
        if (a.kind == SLUICE_B || a.kind == SLUICE_I)
            turn->backward = n_backward++;
    }
}

/* Whether the action at `i` is a W that continues the one before it.  A device
 * hands over as actions start and end, whatever stands in a lowered list. */
static bool continues(const struct stage *stage, int i)
{
    int before = i - 1;
    while (before >= 0 && stage->actions[before].kind >= SLUICE_SEND_F)
        before--;
    if (before < 0)
        return false;
    sluice_action a = stage->actions[before], b = stage->actions[i];
    if (a.kind != SLUICE_W || b.kind != SLUICE_W || a.stage != b.stage ||
        a.microbatch + 1 != b.microbatch)
        return false;
    const struct turn *first = &stage->turns[a.microbatch];
    const struct turn *second = &stage->turns[b.microbatch];
    return first->forward + 1 == second->forward &&
           first->backward + 1 == second->backward &&
           first->kept + 1 == second->kept;
}

static void group_joined(struct stage *stage)
{
    for (int i = 0; i < stage->n; i++) {
        sluice_action a = stage->actions[i];
        if (a.stage != stage->index ||
            (a.kind != SLUICE_W && a.kind != SLUICE_B))
            continue;
        if (continues(stage, i))
            stage->groups[stage->n_groups - 1]++;
        else
            stage->groups[stage->n_groups++] = 1;
    }
}

/* Tell the reference the groups of one stage, for each of its layers. */
static sluice_status follow_stage(sluice_reference *ref,
                                  const sluice_schedule *schedule, int index,
                                  int first_layer, int n_layers,
                                  sluice_diag *why)
{
    size_t m = (size_t)sluice_schedule_n_microbatches(schedule);
    int device = sluice_schedule_stage_device(schedule, index);
    struct stage stage = {.index = index};
    sluice_status st = SLUICE_OK;
    stage.actions = sluice_schedule_actions(schedule, device, &stage.n);
    stage.turns = sl_alloc(ref->allocator, m, sizeof *stage.turns);
    stage.groups = sl_alloc(ref->allocator, m, sizeof *stage.groups);
    if (!stage.turns || !stage.groups) {
        st = sl_no_memory(why, "the joined W of a stage");
    } else {
        take_turns(&stage);
        group_joined(&stage);
    }
    for (int i = 0; i < n_layers && !st; i++)
        st = sluice_reference_join(ref, first_layer + i, stage.groups,
                                   stage.n_groups, why);
    sl_free(ref->allocator, stage.groups, m, sizeof *stage.groups);
    sl_free(ref->allocator, stage.turns, m, sizeof *stage.turns);
    return st;
}

sluice_status sl_reference_follow_joins(sluice_reference *ref,
                                        const sluice_schedule *schedule,
                                        const int *layers, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    int first_layer = 0;
    for (int s = 0; s < sluice_schedule_n_stages(schedule) && !st; s++) {
        st = follow_stage(ref, schedule, s, first_layer, layers[s], why);
        first_layer += layers[s];
    }
    return st;
}
