/* Making candidates better.  One thread. */
#ifndef SL_PLAN_SEARCH_REFINE_H
#define SL_PLAN_SEARCH_REFINE_H

#include "plan/search/board.h"

/*
 * Climb from a priced candidate: move a layer over a boundary of stages,
 * exchange the devices of two places, take another device, double the queues;
 * take the best of these as long as it is faster.  In the end R's are moved
 * earlier, if that is faster.
 *
 * Returns  SLUICE_OK; as sl_plan_price().
 */
sluice_status sl_plan_refine(const struct sl_plan_problem *problem,
                             const struct sl_plan_order *order,
                             struct sl_plan_candidate *candidate,
                             sluice_diag *why);

/*
 * Search for a schedule for the cut of an entry, and offer what is found to the
 * board, refined.  The problem is divided as the entry.
 *
 * Returns  SLUICE_OK, also if none is found; as sl_plan_price().
 */
sluice_status sl_plan_search(struct sl_plan_problem *problem,
                             const struct sl_plan_entry *entry,
                             struct sl_plan_board *board, sluice_diag *why);

#endif
