/*
 * Cuts of the layers for an order of work, by dynamic programming.  One thread.
 *
 * A step of M micro-batches takes about the time of one micro-batch through all
 * stages, and M - 1 times that of the slowest stage.  For each limit on the
 * slowest stage, from the smallest possible one on, the table finds the cut
 * with the smallest sum, exactly:
 *
 *     best[j][used] = min over i < j, device, recompute of
 *         best[i][used without the device] + time of the stage i..j there
 *
 * where a stage's time is at most the limit, and its bytes fit the device.  It
 * recomputes only if it does not fit otherwise.  `used` says how many of each
 * class of equal devices hold the stages before; if a device has several
 * stages, or there are too many classes, each stage's device is fixed first.
 */
#ifndef SL_PLAN_SEARCH_CUT_TABLE_H
#define SL_PLAN_SEARCH_CUT_TABLE_H

#include "plan/search/candidate.h"

/*
 * The `most` best cuts by that sum, the best first, and their number in `*n`; 0
 * if none fits the caps.  The problem is divided as the order.  `device`
 * fixes the device of each place; NULL: they are chosen.
 *
 * Shapes   cuts[most], device[places].
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_plan_cuts(const struct sl_plan_problem *problem,
                           const struct sl_plan_order *order, const int *device,
                           struct sl_plan_candidate *cuts, int most, int *n,
                           sluice_diag *why);

/* Numbers of layers that differ by at most 1, on the config's first devices. */
void sl_plan_equal_cut(const struct sl_plan_problem *problem,
                       const struct sl_plan_order *order,
                       struct sl_plan_candidate *cut);

#endif
