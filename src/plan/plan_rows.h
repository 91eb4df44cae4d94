/*
 * What was found, as a plan.  One thread.
 */
#ifndef SL_PLAN_PLAN_ROWS_H
#define SL_PLAN_PLAN_ROWS_H

#include "plan/plan.h"

/*
 * The first entry of a sorted board as a plan, with a row for it and for its
 * runners-up, one of them what Varuna would do.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, or as sl_plan_exact_bytes().
 */
sluice_status sl_plan_build(struct sl_plan_problem *problem,
                            struct sl_plan_board *board, sluice_plan **out,
                            sluice_diag *why);

/*
 * The faster of two plans for one config, with the rows of both.  Takes both;
 * one may be NULL.
 */
sluice_plan *sl_plan_join(sluice_plan *a, sluice_plan *b);

#endif
