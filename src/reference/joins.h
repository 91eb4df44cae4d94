/*
 * Which W of a schedule a pipeline with join_weights computes in one call, told
 * to the sequential reference.
 */
#ifndef SL_REFERENCE_JOINS_H
#define SL_REFERENCE_JOINS_H

#include <sluice/reference.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

/*
 * Make the reference take weight gradients in the runs of the schedule, whose
 * stage s holds layers[s] layers of the model and whose backwards run in order.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID as sluice_reference_join();
 *          SLUICE_NO_MEMORY.
 */
sluice_status sl_reference_follow_joins(sluice_reference *ref,
                                        const sluice_schedule *schedule,
                                        const int *layers, sluice_diag *why);

#endif
