/* What keeps a plan from being faster, and why it was chosen, as text. */
#ifndef SL_PLAN_TEXT_REASON_H
#define SL_PLAN_TEXT_REASON_H

#include "plan/plan.h"

/* The row of an entry, whose bytes have been counted. */
sluice_plan_row sl_plan_row_of(const struct sl_plan_problem *problem,
                               const struct sl_plan_entry *entry);

/* Write plan->sentence, from its rows and bound. */
void sl_plan_explain(sluice_plan *plan);

#endif
