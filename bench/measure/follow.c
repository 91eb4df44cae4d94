/* Telling the reference what a schedule does.  The main thread. */
#include "bench/measure/follow.h"

#include <stdlib.h>

#include <sluice/partition.h>

static sluice_status no_memory(sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory for what the reference follows");
}

static sluice_status follow_copies(sluice_reference *reference,
                                   const sluice_schedule *schedule,
                                   sluice_diag *why)
{
    int copies = sluice_schedule_n_copies(schedule);
    int depth = sluice_schedule_n_stages(schedule) / copies;
    int *copy =
        calloc((size_t)sluice_schedule_n_microbatches(schedule), sizeof *copy);
    if (!copy)
        return no_memory(why);
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++) {
        int n;
        const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
        for (int i = 0; i < n; i++)
            if (actions[i].kind == SLUICE_F)
                copy[actions[i].microbatch] = actions[i].stage / depth;
    }
    sluice_status st = sluice_reference_copies(reference, copies, copy, why);
    free(copy);
    return st;
}

/* Versions and updates of an asynchronous schedule. */
struct story {
    int n_layers;
    int n_microbatches;
    int *sizes;    /* [stages]: layers of each */
    int *versions; /* [n_layers][n_microbatches] */
    int *groups;   /* [n_microbatches] */
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
            for (int l = 0; l < story->sizes[stage]; l++)
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

static sluice_status read_story(struct story *story,
                                const sluice_schedule *schedule,
                                sluice_diag *why)
{
    int n_stages = sluice_schedule_n_stages(schedule);
    sluice_status st =
        sluice_partition_uniform(story->n_layers, n_stages, story->sizes, why);
    int first_layer = 0;
    for (int s = 0; s < n_stages && !st; s++) {
        read_stage(story, schedule, s, first_layer);
        first_layer += story->sizes[s];
    }
    return st;
}

static sluice_status follow_versions(sluice_reference *reference,
                                     const sluice_model *model,
                                     const sluice_schedule *schedule,
                                     sluice_diag *why)
{
    struct story story = {
        .n_layers = sluice_model_n_layers(model),
        .n_microbatches = sluice_schedule_n_microbatches(schedule),
    };
    size_t m = (size_t)story.n_microbatches;
    story.sizes =
        calloc((size_t)sluice_schedule_n_stages(schedule), sizeof *story.sizes);
    story.versions = calloc((size_t)story.n_layers * m, sizeof *story.versions);
    story.groups = calloc(m, sizeof *story.groups);
    sluice_status st = story.sizes && story.versions && story.groups
                           ? read_story(&story, schedule, why)
                           : no_memory(why);
    if (!st)
        st = sluice_reference_versions(reference, story.groups, story.n_groups,
                                       story.versions, why);
    free(story.groups);
    free(story.versions);
    free(story.sizes);
    return st;
}

sluice_status follow_schedule(sluice_reference *reference,
                              const sluice_model *model,
                              const sluice_schedule *schedule, sluice_diag *why)
{
    if (sluice_schedule_n_copies(schedule) > 1)
        return follow_copies(reference, schedule, why);
    if (sluice_schedule_n_updates(schedule) > 1)
        return follow_versions(reference, model, schedule, why);
    return SLUICE_OK;
}
