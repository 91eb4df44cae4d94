/*
 * Rule `version`: which weights each micro-batch uses, and by which
 * micro-batches they are updated.  Each device's list decides it by itself.
 */
#include "sched/verify/verify.h"

#include <string.h>

#include "base/memory.h"

/*
 * How many versions of its weights a stage keeps at once.  After an UPDATE the
 * stage keeps the versions from the oldest that a later action uses to the one
 * that the UPDATE makes; the most is taken over all UPDATEs.  "Later" is known
 * when the stage's actions are visited from the last to the first.
 */
struct kept_versions {
    int32_t oldest; /* that is used so far */
    int most;
};

/* Before any action is told: the one version that there always is. */
static struct kept_versions kept_at_end(void)
{
    return (struct kept_versions){.oldest = INT32_MAX, .most = 1};
}

/* An action uses `version`. */
static void kept_used(struct kept_versions *kept, int32_t version)
{
    if (version < kept->oldest)
        kept->oldest = version;
}

/* An UPDATE makes `version`. */
static void kept_made(struct kept_versions *kept, int32_t version)
{
    if (kept->oldest <= version && version - kept->oldest + 1 > kept->most)
        kept->most = version - kept->oldest + 1;
}

/* A stage as far as the walk through its device's list has come. */
struct stage {
    int32_t n_updates; /* so far; the newest version is one more */
    int32_t backward;  /* position of the last B or W since the UPDATE before;
                          -1: none */
    int32_t gap;       /* newest version less used version: the largest among
                          the gradients since the UPDATE before */
    struct kept_versions kept; /* from the end of the list on */
};

struct walk {
    struct sl_proof *proof;
    struct stage *stages; /* [n_stages] */
    int32_t *used;        /* [n_cells] the version of each */
    int32_t *group;       /* [n_cells] the UPDATE that its gradient goes into */
};

static sluice_status refuse_version(const struct walk *walk, int device,
                                    int position, sluice_action action,
                                    int there)
{
    bool forward = action.kind == SLUICE_F;
    return sl_refuse(walk->proof, device, position, action,
                     "version: %s at position %d of device %d %s %d: %s",
                     sl_name_of(action).text, position, device,
                     forward ? "comes when the newest version is"
                     : action.kind == SLUICE_UPDATE
                         ? "makes version"
                         : "belongs to a forward with version",
                     there,
                     forward ? "use that, an older one, or wait for an UPDATE"
                             : "name that one, or none");
}

/* The version that an action uses, or makes. */
static sluice_status settle(struct walk *walk, int device, int position,
                            sluice_action action, int32_t *version)
{
    int32_t newest = walk->stages[action.stage].n_updates + 1;
    int32_t named = action.version;
    size_t at = sl_cell(walk->proof, action.stage, action.microbatch);
    if (action.kind == SLUICE_F) {
        *version = named ? named : newest;
        walk->used[at] = *version;
        return *version <= newest
                   ? SLUICE_OK
                   : refuse_version(walk, device, position, action, newest);
    }
    *version = action.kind == SLUICE_UPDATE ? newest + 1 : walk->used[at];
    if (named && named != *version)
        return refuse_version(walk, device, position, action, *version);
    return SLUICE_OK;
}

/* The nearest action of a stage and of `kinds`, from `at` on by `step`, or -1.
 */
static int seek(const struct sl_action_list *list, int stage, unsigned kinds,
                int at, int step)
{
    for (; at >= 0 && at < list->n; at += step)
        if (list->actions[at].stage == stage &&
            kinds & 1u << list->actions[at].kind)
            return at;
    return -1;
}

/* No gradient has come since the UPDATE before, if there is one. */
static sluice_status refuse_update(const struct walk *walk, int device,
                                   int position, sluice_action action)
{
    const struct sl_action_list *list =
        &walk->proof->schedule->programs[device];
    int next = seek(list, action.stage, SL_BIT_LAST, position + 1, 1);
    if (next >= 0)
        return sl_refuse(walk->proof, device, position, action,
                         "complete: %s at position %d of device %d has no "
                         "gradient to apply: the next of its stage is that of "
                         "%s at position %d: move it behind that, or remove it",
                         sl_name_of(action).text, position, device,
                         sl_name_of(list->actions[next]).text, next);
    return sl_refuse(
        walk->proof, device, position, action,
        "complete: %s at position %d of device %d is there twice: "
        "after that at position %d no gradient comes: remove one",
        sl_name_of(action).text, position, device,
        seek(list, action.stage, 1u << SLUICE_UPDATE, position - 1, -1));
}

/* The gradient of a micro-batch is there. */
static void note_gradient(struct walk *walk, int position, sluice_action action)
{
    struct stage *stage = &walk->stages[action.stage];
    size_t at = sl_cell(walk->proof, action.stage, action.microbatch);
    int32_t gap = stage->n_updates + 1 - walk->used[at];
    stage->gap = gap > stage->gap ? gap : stage->gap;
    stage->backward = position;
    walk->group[at] = stage->n_updates;
}

static void note_update(struct walk *walk, int s)
{
    struct stage *stage = &walk->stages[s];
    /* The gap is the staleness: no UPDATE of the stage lies between these
     * gradients and this one, so the newest version is still the same. */
    if (stage->gap > walk->proof->staleness[s])
        walk->proof->staleness[s] = stage->gap;
    struct sl_findings *findings = walk->proof->findings;
    if (findings && stage->n_updates < findings->n_updates)
        findings->staleness[s * findings->n_updates + stage->n_updates] =
            stage->gap;
    stage->gap = 0;
    stage->backward = -1;
    stage->n_updates++;
}

/* First walk: what each micro-batch uses, which gradients go where, how stale
 * they are. */
static sluice_status assign(struct walk *walk, int device)
{
    const struct sl_action_list *list =
        &walk->proof->schedule->programs[device];
    for (int i = 0; i < list->n; i++) {
        sluice_action action = list->actions[i];
        int32_t version;
        if (sl_is_hand_off(action) || sl_shards(action))
            continue;
        sluice_status st = settle(walk, device, i, action, &version);
        if (st)
            return st;
        if (1u << action.kind & SL_BIT_LAST)
            note_gradient(walk, i, action);
        if (action.kind != SLUICE_UPDATE)
            continue;
        if (walk->stages[action.stage].backward < 0)
            return refuse_update(walk, device, i, action);
        note_update(walk, action.stage);
    }
    return SLUICE_OK;
}

/* Second walk, from the end: how many versions are kept. */
static void count_versions(struct walk *walk, int device)
{
    const struct sl_action_list *list =
        &walk->proof->schedule->programs[device];
    for (int i = list->n - 1; i >= 0; i--) {
        sluice_action action = list->actions[i];
        struct stage *stage = &walk->stages[action.stage];
        if (action.kind == SLUICE_UPDATE)
            kept_made(&stage->kept, stage->n_updates-- + 1);
        else if (!sl_is_hand_off(action) && !sl_shards(action))
            kept_used(&stage->kept,
                      walk->used[sl_cell(walk->proof, action.stage,
                                         action.microbatch)]);
    }
}

static sluice_status refuse_unused(const struct walk *walk, int stage)
{
    const struct sl_proof *proof = walk->proof;
    int device = proof->schedule->stage_device[stage];
    int position = walk->stages[stage].backward;
    sluice_action action = proof->schedule->programs[device].actions[position];
    return sl_refuse(proof, device, position, action,
                     "version: %s at position %d of device %d is followed by "
                     "no UPDATE of its stage: its gradient would be lost",
                     sl_name_of(action).text, position, device);
}

static sluice_status refuse_group(const struct walk *walk, int stage,
                                  int microbatch, int here, int there)
{
    int position;
    int device = walk->proof->schedule->stage_device[stage];
    sluice_action action =
        sl_locate(walk->proof, SL_BIT_LAST, stage, microbatch, &position);
    return sl_refuse(walk->proof, device, position, action,
                     "version: %s at position %d of device %d goes into UPDATE "
                     "%d of its stage, but into %d on stage 0, counted from 0: "
                     "let all stages update by the same micro-batches",
                     sl_name_of(action).text, position, device, here, there);
}

static sluice_status check_groups(const struct walk *walk)
{
    const sluice_schedule *schedule = walk->proof->schedule;
    for (int s = 0; s < schedule->n_stages; s++) {
        if (walk->stages[s].backward >= 0)
            return refuse_unused(walk, s);
        for (int m = 0; m < schedule->n_microbatches; m++) {
            int here = walk->group[sl_cell(walk->proof, s, m)];
            int there = walk->group[sl_cell(walk->proof, 0, m)];
            if (here != there)
                return refuse_group(walk, s, m, here, there);
        }
    }
    return SLUICE_OK;
}

/* Hand on what both walks have found; all rules hold. */
static void tell(const struct walk *walk)
{
    const struct sl_proof *proof = walk->proof;
    struct sl_findings *findings = proof->findings;
    if (!findings)
        return;
    for (int s = 0; s < proof->schedule->n_stages; s++)
        findings->versions[s] = proof->versions[s];
    memcpy(findings->used, walk->used, proof->n_cells * sizeof *walk->used);
    for (int m = 0; m < proof->schedule->n_microbatches; m++)
        findings->update_of[m] = walk->group[sl_cell(proof, 0, m)];
}

static sluice_status judge(struct walk *walk)
{
    const sluice_schedule *schedule = walk->proof->schedule;
    sluice_status st = SLUICE_OK;
    for (int s = 0; s < schedule->n_stages; s++)
        walk->stages[s] = (struct stage){.backward = -1, .kept = kept_at_end()};
    for (int d = 0; d < schedule->n_devices && !st; d++)
        st = assign(walk, d);
    if (!st)
        st = check_groups(walk);
    if (st)
        return st;
    for (int d = 0; d < schedule->n_devices; d++)
        count_versions(walk, d);
    for (int s = 0; s < schedule->n_stages; s++)
        walk->proof->versions[s] = walk->stages[s].kept.most;
    tell(walk);
    return SLUICE_OK;
}

/* A synchronous schedule has version 1, and its UPDATEs make version 2: each
 * version that the list names must be one of these. */
static sluice_status check_synchronous(struct sl_proof *proof)
{
    struct walk walk = {.proof = proof};
    for (int d = 0; d < proof->schedule->n_devices; d++)
        for (int i = 0; i < proof->schedule->programs[d].n; i++) {
            sluice_action action = proof->schedule->programs[d].actions[i];
            int only = action.kind == SLUICE_UPDATE ? 2 : 1;
            if (action.version && action.version != only)
                return refuse_version(&walk, d, i, action, only);
        }
    return SLUICE_OK;
}

/* The second UPDATE of some stage, where there are copies. */
static sluice_status refuse_copies(const struct sl_proof *proof)
{
    bool seen[SLUICE_MAX_STAGES] = {false};
    for (int d = 0; d < proof->schedule->n_devices; d++)
        for (int i = 0; i < proof->schedule->programs[d].n; i++) {
            sluice_action action = proof->schedule->programs[d].actions[i];
            if (action.kind != SLUICE_UPDATE)
                continue;
            if (seen[action.stage])
                return sl_refuse(proof, d, i, action,
                                 "complete: %s at position %d of device %d is "
                                 "there twice: with %d copies of the model a "
                                 "stage has one UPDATE: remove one",
                                 sl_name_of(action).text, i, d,
                                 proof->schedule->n_copies);
            seen[action.stage] = true;
        }
    return SLUICE_OK;
}

sluice_status sl_verify_version(struct sl_proof *proof)
{
    const sluice_allocator *allocator = proof->schedule->allocator;
    if (!proof->asynchronous)
        return check_synchronous(proof);
    if (proof->schedule->n_copies > 1)
        return refuse_copies(proof);
    size_t n_stages = (size_t)proof->schedule->n_stages;
    struct walk walk = {.proof = proof};
    proof->versions = sl_alloc(allocator, n_stages, sizeof(int));
    proof->staleness = sl_alloc(allocator, n_stages, sizeof(int));
    walk.stages = sl_alloc(allocator, n_stages, sizeof *walk.stages);
    walk.used = sl_alloc(allocator, proof->n_cells, sizeof *walk.used);
    walk.group = sl_alloc(allocator, proof->n_cells, sizeof *walk.group);
    sluice_status st = SLUICE_OK;
    if (!proof->versions || !proof->staleness || !walk.stages || !walk.used ||
        !walk.group)
        st = sl_no_memory(proof->why, "the proof of a schedule");
    if (!st)
        st = judge(&walk);
    sl_free(allocator, walk.group, proof->n_cells, sizeof *walk.group);
    sl_free(allocator, walk.used, proof->n_cells, sizeof *walk.used);
    sl_free(allocator, walk.stages, n_stages, sizeof *walk.stages);
    return st;
}
