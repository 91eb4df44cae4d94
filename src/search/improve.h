/* Local search on a schedule that runs.  One thread. */
#ifndef SL_SEARCH_IMPROVE_H
#define SL_SEARCH_IMPROVE_H

#include "search/worth.h"

/*
 * Move single actions within their lists and keep what is not worse; `schedule`
 * and `worth` become the best that was met, `n_kept` counts the times that it
 * got better.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_improve(const struct sl_problem *problem, int tries,
                         sluice_schedule **schedule, struct sl_worth *worth,
                         int *n_kept, sluice_diag *why);

#endif
