/* The waits of vocabulary parallelism.  One thread. */
#include "sched/verify/scores.h"

#include "base/memory.h"

sluice_status sl_scores_init(struct sl_scores *scores,
                             const struct sl_proof *proof)
{
    *scores = (struct sl_scores){.proof = proof};
    if (!proof->vocabulary)
        return SLUICE_OK;
    scores->ended = sl_alloc(proof->schedule->allocator, proof->n_cells,
                             sizeof *scores->ended);
    return scores->ended ? SLUICE_OK : SLUICE_NO_MEMORY;
}

void sl_scores_fini(struct sl_scores *scores)
{
    sl_free(scores->proof->schedule->allocator, scores->ended,
            scores->proof->n_cells, sizeof *scores->ended);
}

static bool has_ended(const struct sl_scores *scores, sluice_action action)
{
    size_t at = sl_cell(scores->proof, action.stage, action.microbatch);
    return scores->ended[at] & 1u << action.kind;
}

bool sl_scores_waits(const struct sl_scores *scores, sluice_action action,
                     sluice_action *awaited)
{
    const int *first = scores->proof->first_held;
    int last = scores->proof->schedule->n_stages - 1;
    unsigned bit = 1u << action.kind;
    if (!scores->ended)
        return false;
    *awaited = (sluice_action){SLUICE_F, last, action.microbatch};
    if (bit & SL_BIT_S)
        return !has_ended(scores, *awaited);
    if (!(bit & SL_BIT_T) && !(bit & SL_BIT_BACKWARD && action.stage == last))
        return false;
    awaited->kind = SLUICE_S;
    for (int s = 0; s <= last; s++) {
        awaited->stage = s;
        if (first[s] == s && !has_ended(scores, *awaited))
            return true;
    }
    return false;
}

bool sl_scores_end(struct sl_scores *scores, sluice_action action)
{
    unsigned bit = 1u << action.kind;
    if (!scores->ended || !(bit & (SL_BIT_F | SL_BIT_S)))
        return false;
    scores->ended[sl_cell(scores->proof, action.stage, action.microbatch)] |=
        (uint16_t)bit;
    return bit & SL_BIT_S ||
           action.stage == scores->proof->schedule->n_stages - 1;
}
