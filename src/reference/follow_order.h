/* Following the order of a schedule's backwards. */
#ifndef SL_REFERENCE_FOLLOW_ORDER_H
#define SL_REFERENCE_FOLLOW_ORDER_H

#include <sluice/reference.h>

/* Whether the order is neither ascending nor descending.  Any thread. */
bool sl_reference_is_listed(const sluice_schedule *schedule);

/*
 * Make the reference take the micro-batches back in the schedule's order.
 *
 * Threads  the reference's.
 * Returns  SLUICE_OK; SLUICE_INVALID as sluice_reference_order();
 *          SLUICE_NO_MEMORY.
 */
sluice_status sl_reference_follow_order(sluice_reference *ref,
                                        const sluice_schedule *schedule,
                                        sluice_diag *why);

#endif
