/* Local search on a schedule that runs.  One thread. */
#ifndef SL_SEARCH_IMPROVE_H
#define SL_SEARCH_IMPROVE_H

#include "search/worth.h"

/*
 * Move single actions within their lists and keep what is not slower;
 * `schedule` and `makespan_ns` become the fastest that was met, `n_kept` counts
 * the times that it got faster.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_improve(const struct sl_problem *problem, int tries,
                         sluice_schedule **schedule, int64_t *makespan_ns,
                         int *n_kept, sluice_diag *why);

#endif
