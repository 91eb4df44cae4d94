/*
 * Rule `order`: what one device's list decides without the others.
 *
 * A walk through the list notes each action in `done`.  What an action needs
 * from its own device must be there when the walk reaches it; what comes from
 * other devices is the matter of `hand-off` and `deadlock`.
 */
#include "sched/verify/verify.h"

#include "base/memory.h"

/* An action that has to come first, on the same device: any of `mask` in the
 * cell. */
struct need {
    int stage;
    uint16_t mask;
};

enum { MAX_NEEDS = 4 };

/* Whether a stage's device holds the last stage. */
static bool holds_last(const struct sl_proof *proof, int stage)
{
    const int *device = proof->schedule->stage_device;
    return device[stage] == device[proof->schedule->n_stages - 1];
}

/* The actions of its micro-batch that `action` needs. */
static int needs_of(const struct sl_proof *proof, sluice_action action,
                    struct need needs[MAX_NEEDS])
{
    int s = action.stage;
    int n = 0;
    int last = proof->schedule->n_stages - 1;
    uint16_t listed = proof->listed[sl_cell(proof, s, action.microbatch)];
    if (action.kind == SLUICE_F) {
        if (sl_together(proof, s - 1))
            needs[n++] = (struct need){s - 1, SL_BIT_F};
        if (listed & SL_BIT_RECV_F)
            needs[n++] = (struct need){s, SL_BIT_RECV_F};
    } else if (sl_is_hand_off(action)) {
        if (action.kind == SLUICE_SEND_F)
            needs[n++] = (struct need){s, SL_BIT_F};
        if (action.kind == SLUICE_SEND_B)
            needs[n++] = (struct need){s, SL_BIT_BACKWARD};
    } else if (action.kind == SLUICE_S) {
        needs[n++] = (struct need){s, SL_BIT_F};
        if (holds_last(proof, s))
            needs[n++] = (struct need){last, SL_BIT_F};
    } else if (action.kind == SLUICE_T) {
        needs[n++] = (struct need){s, SL_BIT_S};
    } else if (action.kind == SLUICE_R) {
        needs[n++] = (struct need){s, SL_BIT_F};
    } else if (action.kind == SLUICE_W) {
        needs[n++] = (struct need){s, SL_BIT_I};
    } else {
        needs[n++] = (struct need){s, SL_BIT_F};
        if (listed & SL_BIT_R)
            needs[n++] = (struct need){s, SL_BIT_R};
        if (sl_together(proof, s))
            needs[n++] = (struct need){s + 1, SL_BIT_BACKWARD};
        if (proof->vocabulary && s == last)
            needs[n++] = (struct need){proof->first_held[s], SL_BIT_S};
        if (listed & SL_BIT_RECV_B)
            needs[n++] = (struct need){s, SL_BIT_RECV_B};
    }
    return n;
}

static sluice_status check_needs(const struct sl_proof *proof, int device,
                                 int position, sluice_action action)
{
    struct need needs[MAX_NEEDS];
    int n = needs_of(proof, action, needs);
    for (int i = 0; i < n; i++) {
        size_t at = sl_cell(proof, needs[i].stage, action.microbatch);
        if (proof->done[at] & needs[i].mask)
            continue;
        sluice_action first =
            sl_listed(proof, needs[i].mask, needs[i].stage, action.microbatch);
        return sl_refuse(proof, device, position, action,
                         "order: %s at position %d of device %d waits for %s, "
                         "which comes later in the same list: put %s first",
                         sl_name_of(action).text, position, device,
                         sl_name_of(first).text, sl_name_of(first).text);
    }
    return SLUICE_OK;
}

/* The devices that hold a part's copies meet at its UPDATEs to add up their
 * gradients.  If two devices came to the parts in different orders, each would
 * wait for the other. */
static sluice_status check_parts(const struct sl_proof *proof, int device,
                                 int before, int position)
{
    const sluice_action *at = proof->schedule->programs[device].actions;
    int depth = sl_schedule_depth(proof->schedule);
    if (proof->schedule->n_copies == 1 || before < 0 ||
        at[before].stage % depth <= at[position].stage % depth)
        return SLUICE_OK;
    return sl_refuse(proof, device, position, at[position],
                     "order: %s at position %d of device %d, of part %d of "
                     "the model, comes after that of part %d: where there are "
                     "copies, give UPDATEs in the order of the parts",
                     sl_name_of(at[position]).text, position, device,
                     at[position].stage % depth, at[before].stage % depth);
}

static sluice_status check_device(const struct sl_proof *proof, int device)
{
    const struct sl_action_list *program = &proof->schedule->programs[device];
    int update = -1; /* position of the first UPDATE */
    int last = -1;   /* and of the last */
    for (int i = 0; i < program->n; i++) {
        sluice_action action = program->actions[i];
        if (action.kind == SLUICE_UPDATE) {
            sluice_status st = check_parts(proof, device, last, i);
            if (st)
                return st;
            update = update < 0 ? i : update;
            last = i;
            continue;
        }
        if (update >= 0 && !proof->asynchronous)
            return sl_refuse(proof, device, i, action,
                             "order: %s at position %d of device %d follows "
                             "the UPDATE at position %d, which waits until all "
                             "devices have done their backward actions: put "
                             "UPDATEs last",
                             sl_name_of(action).text, i, device, update);
        if (sl_shards(action))
            continue; /* the matter of `shards` */
        sluice_status st = check_needs(proof, device, i, action);
        if (st)
            return st;
        size_t at = sl_cell(proof, action.stage, action.microbatch);
        proof->done[at] |= (uint16_t)(1u << action.kind);
    }
    return SLUICE_OK;
}

sluice_status sl_verify_order(struct sl_proof *proof)
{
    proof->done = sl_alloc(proof->schedule->allocator, proof->n_cells,
                           sizeof *proof->done);
    if (!proof->done)
        return sl_no_memory(proof->why, "the proof of a schedule");
    sluice_status st = SLUICE_OK;
    for (int d = 0; d < proof->schedule->n_devices && !st; d++)
        st = check_device(proof, d);
    return st;
}
