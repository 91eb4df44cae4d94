/*
 * Rule `vocabulary`, in two parts.  `order` relies on the first: either no S
 * and no T, or those of every device, in one order of micro-batches.  With the
 * second, which relies on `version`, the n-th S of each device belongs to the
 * n-th F of the last stage.
 */
#include "sched/verify/verify.h"

#include "base/memory.h"

enum { BITS = SL_BIT_S | SL_BIT_T };

/* An S or T that breaks the rule by being there. */
static sluice_status refuse(const struct sl_proof *proof, int device,
                            int position, const char *advice)
{
    sluice_action action = proof->schedule->programs[device].actions[position];
    return sl_refuse(proof, device, position, action,
                     "vocabulary: %s at position %d of device %d %s",
                     sl_name_of(action).text, position, device, advice);
}

static bool is_of_vocabulary(sluice_action action)
{
    return BITS & 1u << action.kind;
}

/* Fill first_held: the first stage of each device, for each of its stages. */
static sluice_status find_first(struct sl_proof *proof)
{
    const sluice_schedule *schedule = proof->schedule;
    proof->first_held =
        sl_alloc(schedule->allocator, (size_t)schedule->n_stages, sizeof(int));
    if (!proof->first_held)
        return sl_no_memory(proof->why, "the proof of a schedule");
    for (int s = 0; s < schedule->n_stages; s++) {
        int first = 0;
        while (schedule->stage_device[first] != schedule->stage_device[s])
            first++;
        proof->first_held[s] = first;
    }
    return SLUICE_OK;
}

/* One S or T by itself. */
static sluice_status check_place(const struct sl_proof *proof, int device,
                                 int position)
{
    const sluice_schedule *schedule = proof->schedule;
    int stage = schedule->programs[device].actions[position].stage;
    if (schedule->n_copies > 1)
        return refuse(proof, device, position,
                      "stands in a schedule of several copies of the model: "
                      "cut the vocabulary of one copy only");
    if (proof->first_held[stage] != stage)
        return refuse(proof, device, position,
                      "is not of its device's first stage, which holds the "
                      "part of the vocabulary: name that stage");
    return SLUICE_OK;
}

/* Check that there is one version, and the order of those of `kind` against
 * `order`, the micro-batches as the last stage's F take them. */
static sluice_status check_device(const struct sl_proof *proof, int device,
                                  sluice_action_kind kind, const int *order)
{
    const struct sl_action_list *list = &proof->schedule->programs[device];
    int n = 0;
    for (int i = 0; i < list->n; i++) {
        if (list->actions[i].kind != (int32_t)kind)
            continue;
        if (proof->asynchronous)
            return refuse(proof, device, i,
                          "stands in an asynchronous schedule: its part of the "
                          "vocabulary has one version of the weights; give "
                          "each stage one UPDATE");
        if (list->actions[i].microbatch != order[n++])
            return refuse(proof, device, i,
                          "is out of order: let S and T take the micro-batches "
                          "in the order of the F of the last stage");
    }
    return SLUICE_OK;
}

static sluice_status check_missing(const struct sl_proof *proof)
{
    for (int s = 0; s < proof->schedule->n_stages; s++)
        for (int m = 0;
             m < proof->schedule->n_microbatches && proof->first_held[s] == s;
             m++) {
            unsigned lacks = BITS & ~proof->listed[sl_cell(proof, s, m)];
            if (lacks)
                return sl_refuse_missing(
                    proof, (sluice_action){
                               lacks & SL_BIT_S ? SLUICE_S : SLUICE_T, s, m});
        }
    return SLUICE_OK;
}

/* The micro-batches in the order of the last stage's F. */
static void find_order(const struct sl_proof *proof, int *order)
{
    const sluice_schedule *schedule = proof->schedule;
    int last = schedule->n_stages - 1, n = 0;
    const struct sl_action_list *list =
        &schedule->programs[schedule->stage_device[last]];
    for (int i = 0; i < list->n; i++)
        if (list->actions[i].kind == SLUICE_F && list->actions[i].stage == last)
            order[n++] = list->actions[i].microbatch;
}

/* An S or T of a schedule that may have none, or of a stage that has none. */
static sluice_status check_places(const struct sl_proof *proof)
{
    sluice_status st = SLUICE_OK;
    for (int d = 0; d < proof->schedule->n_devices && !st; d++)
        for (int i = 0; i < proof->schedule->programs[d].n && !st; i++)
            if (is_of_vocabulary(proof->schedule->programs[d].actions[i]))
                st = check_place(proof, d, i);
    return st;
}

sluice_status sl_verify_vocabulary(struct sl_proof *proof)
{
    if (!proof->vocabulary)
        return SLUICE_OK;
    sluice_status st = find_first(proof);
    if (!st)
        st = check_places(proof);
    return st ? st : check_missing(proof);
}

sluice_status sl_verify_vocabulary_order(struct sl_proof *proof)
{
    const sluice_allocator *allocator = proof->schedule->allocator;
    size_t n = (size_t)proof->schedule->n_microbatches;
    sluice_status st = SLUICE_OK;
    if (!proof->vocabulary)
        return SLUICE_OK;
    int *order = sl_alloc(allocator, n, sizeof *order);
    if (!order)
        return sl_no_memory(proof->why, "the proof of a schedule");
    find_order(proof, order);
    for (int d = 0; d < proof->schedule->n_devices && !st; d++) {
        st = check_device(proof, d, SLUICE_S, order);
        if (!st)
            st = check_device(proof, d, SLUICE_T, order);
    }
    sl_free(allocator, order, n, sizeof *order);
    return st;
}
