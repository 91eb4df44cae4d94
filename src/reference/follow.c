/*
 * Telling the reference what a schedule does: the copies that micro-batches go
 * through, the versions of the weights that they use, the W that are joined.
 * The caller's thread.
 */
#include "reference/joins.h"

#include <sluice/partition.h>

#include "base/memory.h"
#include "reference/follow_order.h"
#include "reference/reference.h"

static sluice_status follow_copies(sluice_reference *reference,
                                   const sluice_schedule *schedule,
                                   sluice_diag *why)
{
    int copies = sluice_schedule_n_copies(schedule);
    int depth = sluice_schedule_n_stages(schedule) / copies;
    size_t m = (size_t)sluice_schedule_n_microbatches(schedule);
    int *copy = sl_alloc(reference->allocator, m, sizeof *copy);
    if (!copy)
        return sl_no_memory(why, "the copies that the reference follows");
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++) {
        int n;
        const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
        for (int i = 0; i < n; i++)
            if (actions[i].kind == SLUICE_F)
                copy[actions[i].microbatch] = actions[i].stage / depth;
    }
    sluice_status st = sluice_reference_copies(reference, copies, copy, why);
    sl_free(reference->allocator, copy, m, sizeof *copy);
    return st;
}

/* Versions and updates of an asynchronous schedule. */
struct story {
    int n_microbatches;
    const int *layers; /* [stages]: layers of each */
    int *versions;     /* [layers of the model][n_microbatches] */
    int *groups;       /* [n_microbatches] */
    int n_groups;
};

/* Walk through what a device does about one stage. */
static void read_stage(struct story *story, const sluice_schedule *schedule,
                       int stage, int first_layer)
{
    int n, newest = 1, pending = 0;
    const sluice_action *actions = sluice_schedule_actions(
        schedule, sluice_schedule_stage_device(schedule, stage), &n);
    story->n_groups = 0;
    for (int i = 0; i < n; i++) {
        sluice_action a = actions[i];
        if (a.stage != stage)
            continue;
        if (a.kind == SLUICE_F)
            for (int l = 0; l < story->layers[stage]; l++)
                story->versions[(first_layer + l) * story->n_microbatches +
                                a.microbatch] = a.version ? a.version : newest;
        pending += a.kind == SLUICE_B || a.kind == SLUICE_W;
        if (a.kind == SLUICE_UPDATE) {
            story->groups[story->n_groups++] = pending;
            pending = 0;
            newest++;
        }
    }
}

static void read_story(struct story *story, const sluice_schedule *schedule)
{
    int first_layer = 0;
    for (int s = 0; s < sluice_schedule_n_stages(schedule); s++) {
        read_stage(story, schedule, s, first_layer);
        first_layer += story->layers[s];
    }
}

static sluice_status follow_versions(sluice_reference *reference,
                                     const sluice_schedule *schedule,
                                     const int *layers, sluice_diag *why)
{
    const sluice_allocator *allocator = reference->allocator;
    size_t m = (size_t)sluice_schedule_n_microbatches(schedule);
    size_t n = (size_t)reference->n_layers * m;
    struct story story = {.n_microbatches = (int)m, .layers = layers};
    story.versions = sl_alloc(allocator, n, sizeof *story.versions);
    story.groups = sl_alloc(allocator, m, sizeof *story.groups);
    sluice_status st = SLUICE_OK;
    if (!story.versions || !story.groups) {
        st = sl_no_memory(why, "the versions that the reference follows");
    } else {
        read_story(&story, schedule);
        st = sluice_reference_versions(reference, story.groups, story.n_groups,
                                       story.versions, why);
    }
    sl_free(allocator, story.groups, m, sizeof *story.groups);
    sl_free(allocator, story.versions, n, sizeof *story.versions);
    return st;
}

static bool is_asynchronous(const sluice_schedule *schedule)
{
    return sluice_schedule_n_updates(schedule) > 1;
}

/* The layers of each stage: those of `partition`, or evenly spread. */
static sluice_status cut(const sluice_reference *reference,
                         const sluice_schedule *schedule, const int *partition,
                         int layers[SLUICE_MAX_STAGES], sluice_diag *why)
{
    int n_stages = sluice_schedule_n_stages(schedule);
    if (!partition)
        return sluice_partition_uniform(reference->n_layers, n_stages, layers,
                                        why);
    for (int s = 0; s < n_stages; s++)
        layers[s] = partition[s];
    return sluice_partition_check(reference->n_layers, n_stages, partition,
                                  why);
}

static sluice_status check_microbatches(const sluice_reference *reference,
                                        const sluice_schedule *schedule,
                                        sluice_diag *why)
{
    int n = sluice_schedule_n_microbatches(schedule);
    if (n == reference->microbatches)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "the schedule has %d micro-batches, the reference "
                           "%d",
                           n, reference->microbatches);
}

sluice_status sluice_reference_follow(sluice_reference *reference,
                                      const sluice_schedule *schedule,
                                      const int *partition, bool join_weights,
                                      sluice_diag *why)
{
    int layers[SLUICE_MAX_STAGES];
    sluice_status st = check_microbatches(reference, schedule, why);
    if (!st)
        st = sl_reference_follow_order(reference, schedule, why);
    bool joins = join_weights && reference->in_order;
    if (!st && joins && sl_reference_is_listed(schedule))
        st = sluice_diag_set(why, SLUICE_INVALID,
                             "there is no reference for joined W of a schedule "
                             "whose backwards do not run in order");
    if (!st && joins && sluice_schedule_n_copies(schedule) > 1)
        st = sluice_diag_set(why, SLUICE_INVALID,
                             "there is no reference for joined W of a schedule "
                             "with %d copies of the model",
                             sluice_schedule_n_copies(schedule));
    if (st)
        return st;
    if (sluice_schedule_n_copies(schedule) > 1)
        st = follow_copies(reference, schedule, why);
    if (!st && (is_asynchronous(schedule) || joins))
        st = cut(reference, schedule, partition, layers, why);
    if (!st && is_asynchronous(schedule))
        st = follow_versions(reference, schedule, layers, why);
    if (!st && joins)
        st = sl_reference_follow_joins(reference, schedule, layers, why);
    return st;
}

bool sluice_reference_exists(const sluice_schedule *schedule, bool join_weights)
{
    sluice_backward_order order;
    if (sluice_reference_order(schedule, &order, NULL))
        return false;
    return !join_weights || (!sl_reference_is_listed(schedule) &&
                             sluice_schedule_n_copies(schedule) == 1 &&
                             !is_asynchronous(schedule));
}
