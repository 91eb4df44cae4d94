/*
 * The waits of vocabulary parallelism in the execution without time: S for the
 * F of the last stage; T, and the B or I of the last stage, for the S of all
 * devices.  One thread.
 */
#ifndef SL_SCHED_VERIFY_SCORES_H
#define SL_SCHED_VERIFY_SCORES_H

#include "sched/verify/verify.h"

struct sl_scores {
    const struct sl_proof *proof;
    uint16_t *ended; /* [n_cells] the kinds F and S; NULL: no vocabulary */
};

/* Returns SLUICE_OK, SLUICE_NO_MEMORY; sl_scores_fini() in both cases. */
sluice_status sl_scores_init(struct sl_scores *scores,
                             const struct sl_proof *proof);
void sl_scores_fini(struct sl_scores *scores);

/* Whether `action` waits for an F or S that has not ended: for the first such,
 * *awaited. */
bool sl_scores_waits(const struct sl_scores *scores, sluice_action action,
                     sluice_action *awaited);

/* `action` has ended.  Returns whether another action may have waited for it.
 */
bool sl_scores_end(struct sl_scores *scores, sluice_action action);

#endif
