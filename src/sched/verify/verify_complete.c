/*
 * Rule `complete`.  Forwards are counted before anything of the size of stages
 * times micro-batches is allocated: a short list with large numbers in it is
 * refused at the cost of a short list.
 */
#include "sched/verify/verify.h"

#include <string.h>

#include "base/memory.h"

sluice_status sl_refuse_missing(const struct sl_proof *proof,
                                sluice_action action)
{
    int device = proof->schedule->stage_device[action.stage];
    return sl_refuse(proof, device, -1, action,
                     "complete: %s is missing: add it to the list of "
                     "device %d, which holds stage %d",
                     sl_name_of(action).text, device, action.stage);
}

/* A CSV file in which forwards were forgotten may be read as several copies. */
static const char *doubt(const struct sl_proof *proof)
{
    return proof->schedule->n_copies > 1
               ? "; or, if there should be one copy of the model, give the "
                 "forwards that are missing"
               : "";
}

/* A micro-batch goes through the copy in which it is met first. */
static sluice_status check_home(const struct sl_proof *proof, int device,
                                int position, sluice_action action)
{
    int copy = action.stage / sl_schedule_depth(proof->schedule);
    if (action.microbatch < 0)
        return SLUICE_OK;
    int8_t *home = &proof->home[action.microbatch];
    if (*home < 0)
        *home = (int8_t)copy;
    if (*home == copy)
        return SLUICE_OK;
    return sl_refuse(proof, device, position, action,
                     "complete: %s at position %d of device %d is in copy %d, "
                     "but micro-batch %d goes through copy %d: let it go "
                     "through one%s",
                     sl_name_of(action).text, position, device, copy,
                     action.microbatch, *home, doubt(proof));
}

static bool is_of_forward(sluice_action action)
{
    return action.kind == SLUICE_UNSHARD || action.kind == SLUICE_RESHARD ||
           1u << action.kind &
               (SL_BIT_F | SL_BIT_S | SL_BIT_T | SL_BIT_SEND_F | SL_BIT_RECV_F);
}

/* The hand-offs that a stage needs. */
static unsigned crossings_of(const struct sl_proof *proof, int stage)
{
    unsigned kinds = 0;
    if (!proof->lowered)
        return 0;
    if (sl_apart(proof, stage))
        kinds |= SL_BIT_SEND_F | SL_BIT_RECV_B;
    if (sl_apart(proof, stage - 1))
        kinds |= SL_BIT_RECV_F | SL_BIT_SEND_B;
    return proof->forward_only ? kinds & ~(SL_BIT_SEND_B | SL_BIT_RECV_B)
                               : kinds;
}

/* One action by itself: right device, allowed kind, one copy. */
static sluice_status check_alone(const struct sl_proof *proof, int device,
                                 int position, sluice_action action)
{
    int holder = proof->schedule->stage_device[action.stage];
    if (holder != device)
        return sl_refuse(proof, device, position, action,
                         "complete: %s at position %d of device %d is in the "
                         "wrong list: move it to device %d, which holds "
                         "stage %d",
                         sl_name_of(action).text, position, device, holder,
                         action.stage);
    if (proof->forward_only && !is_of_forward(action))
        return sl_refuse(proof, device, position, action,
                         "complete: %s at position %d of device %d is not a "
                         "forward: a forward-only schedule has nothing else",
                         sl_name_of(action).text, position, device);
    if (sl_is_hand_off(action) &&
        !(crossings_of(proof, action.stage) & 1u << action.kind))
        return sl_refuse(proof, device, position, action,
                         "complete: %s at position %d of device %d has no "
                         "other end: nothing passes to or from another device "
                         "there; remove it%s",
                         sl_name_of(action).text, position, device,
                         doubt(proof));
    return check_home(proof, device, position, action);
}

/* Check each action alone and count the forwards of each stage. */
static sluice_status count_forwards(const struct sl_proof *proof, int *counts)
{
    const sluice_schedule *schedule = proof->schedule;
    for (int d = 0; d < schedule->n_devices; d++)
        for (int i = 0; i < schedule->programs[d].n; i++) {
            sluice_action action = schedule->programs[d].actions[i];
            sluice_status st = check_alone(proof, d, i, action);
            if (st)
                return st;
            counts[action.stage] += action.kind == SLUICE_F;
        }
    return SLUICE_OK;
}

/* Name the first forward that a stage with too few of them lacks. */
static sluice_status refuse_forward(const struct sl_proof *proof, int stage)
{
    const sluice_schedule *schedule = proof->schedule;
    size_t n = (size_t)schedule->n_microbatches;
    bool *seen = sl_alloc(schedule->allocator, n, sizeof *seen);
    if (!seen)
        return sl_no_memory(proof->why, "the proof of a schedule");
    const struct sl_action_list *program =
        &schedule->programs[schedule->stage_device[stage]];
    for (int i = 0; i < program->n; i++) {
        sluice_action action = program->actions[i];
        if (action.kind == SLUICE_F && action.stage == stage)
            seen[action.microbatch] = true;
    }
    int copy = stage / sl_schedule_depth(schedule);
    int m = 0;
    while (seen[m] || proof->home[m] != copy)
        m++;
    sl_free(schedule->allocator, seen, n, sizeof *seen);
    return sl_refuse_missing(proof, (sluice_action){SLUICE_F, stage, m});
}

/* Micro-batches without any action count for the first copy; `expected` are
 * those of each. */
static void settle_homes(const struct sl_proof *proof, int *expected)
{
    for (int m = 0; m < proof->schedule->n_microbatches; m++) {
        if (proof->home[m] < 0)
            proof->home[m] = 0;
        expected[proof->home[m]]++;
    }
}

static sluice_status check_forwards(struct sl_proof *proof)
{
    const sluice_schedule *schedule = proof->schedule;
    int depth = sl_schedule_depth(schedule);
    int counts[SLUICE_MAX_STAGES] = {0};
    int expected[SLUICE_MAX_COPIES] = {0};
    size_t n = (size_t)schedule->n_microbatches;
    proof->home = sl_alloc(schedule->allocator, n, sizeof *proof->home);
    if (!proof->home)
        return sl_no_memory(proof->why, "the proof of a schedule");
    memset(proof->home, -1, n);
    sluice_status st = count_forwards(proof, counts);
    if (!st)
        settle_homes(proof, expected);
    for (int s = 0; s < schedule->n_stages && !st; s++)
        if (counts[s] < expected[s / depth])
            st = refuse_forward(proof, s);
    return st;
}

/* Enter one action into `listed`, unless it or its like is there already. */
static sluice_status list_action(struct sl_proof *proof, int device,
                                 int position, sluice_action action)
{
    uint16_t bit = (uint16_t)(1u << action.kind);
    uint16_t *listed =
        &proof->listed[sl_cell(proof, action.stage, action.microbatch)];
    if (*listed & bit)
        return sl_refuse(proof, device, position, action,
                         "complete: %s at position %d of device %d is there "
                         "twice: remove one",
                         sl_name_of(action).text, position, device);
    *listed |= bit;
    proof->vocabulary |= (bit & (SL_BIT_S | SL_BIT_T)) != 0;
    if ((*listed & SL_BIT_B) && (*listed & (SL_BIT_I | SL_BIT_W)))
        return sl_refuse(proof, device, position, action,
                         "complete: %s at position %d of device %d gives its "
                         "stage a B and half of one of this micro-batch: give "
                         "either B, or I and W",
                         sl_name_of(action).text, position, device);
    return SLUICE_OK;
}

static sluice_status list_all(struct sl_proof *proof, int *updates)
{
    const sluice_schedule *schedule = proof->schedule;
    sluice_status st = SLUICE_OK;
    for (int d = 0; d < schedule->n_devices; d++)
        for (int i = 0; i < schedule->programs[d].n && !st; i++) {
            sluice_action action = schedule->programs[d].actions[i];
            if (action.kind == SLUICE_UPDATE)
                updates[action.stage]++;
            else if (!sl_shards(action))
                st = list_action(proof, d, i, action);
        }
    return st;
}

/* The backward action that a cell lacks, or -1. */
static int missing_backward(uint16_t listed)
{
    if (listed & SL_BIT_B)
        return -1;
    if ((listed & SL_BIT_I) && (listed & SL_BIT_W))
        return -1;
    if (listed & SL_BIT_I)
        return SLUICE_W;
    return listed & SL_BIT_W ? SLUICE_I : SLUICE_B;
}

/* The hand-off of a stage that a cell lacks, or -1. */
static int missing_hand_off(unsigned needed, uint16_t listed)
{
    for (int kind = SLUICE_SEND_F; kind <= SLUICE_RECV_B; kind++)
        if (needed & ~(unsigned)listed & 1u << kind)
            return kind;
    return -1;
}

static sluice_status check_hand_offs(const struct sl_proof *proof, int stage)
{
    int copy = stage / sl_schedule_depth(proof->schedule);
    unsigned needed = crossings_of(proof, stage);
    for (int m = 0; m < proof->schedule->n_microbatches && needed; m++) {
        int kind =
            missing_hand_off(needed, proof->listed[sl_cell(proof, stage, m)]);
        if (proof->home[m] == copy && kind >= 0)
            return sl_refuse_missing(proof, (sluice_action){kind, stage, m});
    }
    return SLUICE_OK;
}

/* Whether there are forwards and no backward: no single action is missing. */
static bool has_forwards_alone(const struct sl_proof *proof)
{
    for (size_t i = 0; i < proof->n_cells; i++)
        if (proof->listed[i] & (SL_BIT_B | SL_BIT_I | SL_BIT_W))
            return false;
    return true;
}

static sluice_status refuse_backward(const struct sl_proof *proof,
                                     sluice_action action)
{
    int device = proof->schedule->stage_device[action.stage];
    if (!has_forwards_alone(proof))
        return sl_refuse_missing(proof, action);
    return sl_refuse(proof, device, -1, action,
                     "complete: %s is missing: all actions are forwards, which "
                     "can be simulated, but a step needs a backward for each",
                     sl_name_of(action).text);
}

static sluice_status check_stage(const struct sl_proof *proof, int stage,
                                 int n_updates)
{
    int copy = stage / sl_schedule_depth(proof->schedule);
    for (int m = 0; m < proof->schedule->n_microbatches; m++) {
        int kind = missing_backward(proof->listed[sl_cell(proof, stage, m)]);
        if (proof->home[m] == copy && kind >= 0)
            return refuse_backward(proof, (sluice_action){kind, stage, m});
    }
    if (n_updates == 0)
        return sl_refuse_missing(proof,
                                 (sluice_action){SLUICE_UPDATE, stage, -1});
    return SLUICE_OK;
}

sluice_status sl_verify_complete(struct sl_proof *proof)
{
    sluice_status st = check_forwards(proof);
    if (st)
        return st;
    proof->listed = sl_alloc(proof->schedule->allocator, proof->n_cells,
                             sizeof *proof->listed);
    if (!proof->listed)
        return sl_no_memory(proof->why, "the proof of a schedule");
    int updates[SLUICE_MAX_STAGES] = {0};
    st = list_all(proof, updates);
    for (int s = 0; s < proof->schedule->n_stages && !st; s++) {
        proof->asynchronous |= updates[s] > 1;
        if (!proof->forward_only)
            st = check_stage(proof, s, updates[s]);
        if (!st)
            st = check_hand_offs(proof, s);
    }
    return st;
}
