/* Telling the reference which W are joined.  The main thread. */
#include "bench/measure/joins.h"

#include <stdlib.h>

#include <sluice/partition.h>

#include "bench/measure/order.h"

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

bool joins_have_reference(const sluice_schedule *schedule)
{
    return sluice_schedule_n_copies(schedule) == 1 &&
           sluice_schedule_n_updates(schedule) <= 1;
}

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

static void group(struct stage *stage)
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

static sluice_status follow_stage(sluice_reference *reference,
                                  const sluice_schedule *schedule, int index,
                                  int first_layer, int n_layers,
                                  sluice_diag *why)
{
    size_t m = (size_t)sluice_schedule_n_microbatches(schedule);
    int device = sluice_schedule_stage_device(schedule, index);
    struct stage stage = {.index = index};
    sluice_status st = SLUICE_OK;
    stage.actions = sluice_schedule_actions(schedule, device, &stage.n);
    stage.turns = calloc(m, sizeof *stage.turns);
    stage.groups = calloc(m, sizeof *stage.groups);
    if (!stage.turns || !stage.groups) {
        st = sluice_diag_set(why, SLUICE_NO_MEMORY,
                             "out of memory for the joined W of stage %d",
                             index);
    } else {
        take_turns(&stage);
        group(&stage);
    }
    for (int i = 0; i < n_layers && !st; i++)
        st = sluice_reference_join(reference, first_layer + i, stage.groups,
                                   stage.n_groups, why);
    free(stage.groups);
    free(stage.turns);
    return st;
}

sluice_status joins_follow(sluice_reference *reference,
                           const sluice_model *model,
                           const sluice_schedule *schedule, sluice_diag *why)
{
    int n_stages = sluice_schedule_n_stages(schedule);
    int sizes[SLUICE_MAX_STAGES];
    sluice_backward_order order;
    if (!order_find(schedule, &order) || order == SLUICE_REVERSE)
        return SLUICE_OK;
    sluice_status st = sluice_partition_uniform(sluice_model_n_layers(model),
                                                n_stages, sizes, why);
    int layer = 0;
    for (int s = 0; s < n_stages && !st; s++) {
        st = follow_stage(reference, schedule, s, layer, sizes[s], why);
        layer += sizes[s];
    }
    return st;
}
