/*
 * Rule `hand-off`.  With it, and `complete`, a queue is no more than a number
 * of items: the n-th action to take from it finds the item of the n-th to
 * append.
 */
#include "sched/verify/verify.h"

#include "base/memory.h"

/* Write the micro-batches of each stage in the order of the actions of `mask`.
 */
static void collect(const struct sl_proof *proof, unsigned mask,
                    int32_t *sequence)
{
    const sluice_schedule *schedule = proof->schedule;
    int counts[SLUICE_MAX_STAGES] = {0};
    for (size_t i = 0; i < proof->n_cells; i++)
        sequence[i] = -1;
    for (int d = 0; d < schedule->n_devices; d++)
        for (int i = 0; i < schedule->programs[d].n; i++) {
            sluice_action action = schedule->programs[d].actions[i];
            if (!(mask & (1u << action.kind)))
                continue;
            size_t at = sl_cell(proof, action.stage, counts[action.stage]++);
            sequence[at] = action.microbatch;
        }
}

static sluice_status refuse(const struct sl_proof *proof,
                            struct sl_crossing crossing, int producer,
                            int handed, int consumer, int taken)
{
    int from, to;
    sluice_action front =
        sl_locate(proof, crossing.gives, producer, handed, &from);
    sluice_action action =
        sl_locate(proof, crossing.takes, consumer, taken, &to);
    int device = proof->schedule->stage_device[consumer];
    int neighbour = proof->schedule->stage_device[producer];
    return sl_refuse(proof, device, to, action,
                     "hand-off: %s at position %d of device %d waits for "
                     "micro-batch %d, but the next item that device %d hands "
                     "over is that of %s (its position %d): let both take the "
                     "micro-batches in one order",
                     sl_name_of(action).text, to, device, taken, neighbour,
                     sl_name_of(front).text, from);
}

/* Compare what stage `producer` hands over with what `consumer` takes. */
static sluice_status check_queue(const struct sl_proof *proof,
                                 struct sl_crossing crossing,
                                 const int32_t *given, const int32_t *taken,
                                 int producer, int consumer)
{
    const int32_t *out = given + sl_cell(proof, producer, 0);
    const int32_t *in = taken + sl_cell(proof, consumer, 0);
    for (int i = 0; i < proof->schedule->n_microbatches; i++)
        if (out[i] != in[i])
            return refuse(proof, crossing, producer, out[i], consumer, in[i]);
    return SLUICE_OK;
}

/* Stages on one device have no queue.  They find each other's slots by
 * counting, as stages with a queue do, so the orders must be equal here, too.
 * `order` is scratch. */
static sluice_status check_neighbours(const struct sl_proof *proof,
                                      unsigned mask, int32_t *order)
{
    struct sl_crossing both = {.gives = mask, .takes = mask};
    int n = proof->schedule->n_stages;
    sluice_status st = SLUICE_OK;
    collect(proof, mask, order);
    for (int s = 0; s + 1 < n && !st; s++) {
        int from = mask & SL_BIT_F ? s : s + 1;
        if (sl_together(proof, s))
            st = check_queue(proof, both, order, order, from, 2 * s + 1 - from);
    }
    return st;
}

/* `given` is scratch. */
static sluice_status check_all(struct sl_proof *proof, int32_t *given)
{
    struct sl_crossing forward = sl_activations(proof);
    struct sl_crossing backward = sl_gradients(proof);
    sluice_status st = SLUICE_OK;
    int n = proof->schedule->n_stages;
    collect(proof, forward.takes, proof->forward);
    collect(proof, backward.takes, proof->backward);
    collect(proof, forward.gives, given);
    for (int s = 0; s + 1 < n && !st; s++)
        if (sl_apart(proof, s))
            st = check_queue(proof, forward, given, proof->forward, s, s + 1);
    if (!st)
        st = check_neighbours(proof, SL_BIT_F, given);
    if (!st)
        st = check_neighbours(proof, SL_BIT_BACKWARD, given);
    collect(proof, backward.gives, given);
    for (int s = 0; s + 1 < n && !st; s++)
        if (sl_apart(proof, s))
            st = check_queue(proof, backward, given, proof->backward, s + 1, s);
    return st;
}

sluice_status sl_verify_handoff(struct sl_proof *proof)
{
    const sluice_allocator *allocator = proof->schedule->allocator;
    int32_t *given = sl_alloc(allocator, proof->n_cells, sizeof *given);
    proof->forward =
        sl_alloc(allocator, proof->n_cells, sizeof *proof->forward);
    proof->backward =
        sl_alloc(allocator, proof->n_cells, sizeof *proof->backward);
    sluice_status st =
        given && proof->forward && proof->backward
            ? check_all(proof, given)
            : sl_no_memory(proof->why, "the proof of a schedule");
    sl_free(allocator, given, proof->n_cells, sizeof *given);
    return st;
}
