/*
 * What Varuna would do (Athlur et al., 2022, section 4), to be compared with.
 * One thread.
 *
 *     size   the smallest micro-batch whose forward takes, for each row, at
 *            most 5 % more than with any other; a smaller one, if with it
 *            nothing fits the devices' memory
 *     cut    equal numbers of layers; the devices in their order
 *     shape  every number of places and replicas, its own schedule, simulated;
 *            the fastest counts
 *
 * Which micro-batch runs when a gradient is late, its opportunistic choice, is
 * that of the generator's list: simulated times are never late.
 */
#ifndef SL_PLAN_RULES_VARUNA_RULE_H
#define SL_PLAN_RULES_VARUNA_RULE_H

#include "plan/search/board.h"

/*
 * Offer what the rule gives to an empty board, the fastest first; the board
 * stays empty if nothing fits.
 *
 * Returns  SLUICE_OK; as sl_plan_price().
 */
sluice_status sl_plan_varuna_rule(struct sl_plan_problem *problem,
                                  struct sl_plan_board *board,
                                  sluice_diag *why);

#endif
