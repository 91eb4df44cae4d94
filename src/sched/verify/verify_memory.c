/*
 * Rule `memory`: what each device holds, action by action.  One device's list
 * decides it by itself.
 */
#include "sched/verify/verify.h"

#include "base/memory.h"

static int64_t bytes_of(const int64_t *bytes, int stage)
{
    return bytes ? bytes[stage] : 0;
}

/* Sums over all cells fit an int64_t. */
static sluice_status check_bytes(const struct sl_proof *proof,
                                 const int64_t *bytes)
{
    int64_t most = INT64_MAX / 2 / (int64_t)proof->n_cells;
    for (int s = 0; s < proof->schedule->n_stages && bytes; s++)
        if (bytes[s] < 0 || bytes[s] > most)
            return sluice_diag_set(proof->why, SLUICE_INVALID,
                                   "%lld bytes of a micro-batch in stage %d: "
                                   "give 0 to %lld",
                                   (long long)bytes[s], s, (long long)most);
    return SLUICE_OK;
}

static sluice_status refuse(const struct sl_proof *proof, int device,
                            int position, int64_t held)
{
    const struct sl_action_list *list = &proof->schedule->programs[device];
    sluice_action action = list->actions[position];
    return sl_refuse(proof, device, position, action,
                     "memory: %s at position %d of device %d brings it to "
                     "%lld bytes of activations, and it may hold %lld: do "
                     "backwards earlier, or recompute",
                     sl_name_of(action).text, position, device, (long long)held,
                     (long long)proof->memory->limit);
}

static sluice_status walk(struct sl_proof *proof, int device)
{
    const struct sl_verify_memory *memory = proof->memory;
    const struct sl_action_list *list = &proof->schedule->programs[device];
    int64_t held = 0;
    for (int i = 0; i < list->n; i++) {
        sluice_action a = list->actions[i];
        if (a.kind > SLUICE_R)
            continue;
        unsigned bit = 1u << a.kind;
        bool again =
            proof->listed[sl_cell(proof, a.stage, a.microbatch)] & SL_BIT_R;
        int64_t input = bytes_of(memory->input_bytes, a.stage);
        int64_t inner = bytes_of(memory->inner_bytes, a.stage);
        held += bit & SL_BIT_F ? input : 0;
        held += bit & (again ? SL_BIT_R : SL_BIT_F) ? inner : 0;
        if (memory->limit && held > memory->limit)
            return refuse(proof, device, i, held);
        if (held > proof->peak_bytes[device])
            proof->peak_bytes[device] = held;
        held -= bit & SL_BIT_LAST ? input + inner : 0;
    }
    return SLUICE_OK;
}

sluice_status sl_verify_memory(struct sl_proof *proof)
{
    size_t n = (size_t)proof->schedule->n_devices;
    if (!proof->memory->input_bytes && !proof->memory->inner_bytes)
        return SLUICE_OK;
    sluice_status st = check_bytes(proof, proof->memory->input_bytes);
    if (!st)
        st = check_bytes(proof, proof->memory->inner_bytes);
    if (st)
        return st;
    proof->peak_bytes =
        sl_alloc(proof->schedule->allocator, n, sizeof *proof->peak_bytes);
    if (!proof->peak_bytes)
        return sl_no_memory(proof->why, "the proof of a schedule");
    for (int d = 0; d < (int)n && !st && !proof->forward_only; d++)
        st = walk(proof, d);
    return st;
}
