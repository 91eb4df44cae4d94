/*
 * The order that a shared gradient needs: one stage of a device after the
 * other.
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_CHECKS_ZERO_ORDER_H
#define SL_BLUEPRINT_CHECKS_ZERO_ORDER_H

#include <sluice/schedule.h>
#include <sluice/status.h>

/*
 * Whether the actions that make a stage's weight gradients, its Bs or its Ws,
 * follow each other in the list of its device, with nothing but its Rs
 * between them: then a device keeps one whole gradient at a time.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID with the stage and what stands between.
 */
sluice_status sl_zero_check_order(int wanted, const sluice_schedule *schedule,
                                  sluice_diag *why);

/*
 * Whether each stage's REDUCE_GRAD stands behind its last B or W, before
 * another stage of the device writes its gradient to the same place.  A
 * schedule of several holders whose list was made elsewhere may have it later,
 * or have UNSHARDs and none.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID with the stage and its last B or W.
 */
sluice_status sl_zero_check_reductions(int wanted,
                                       const sluice_schedule *schedule,
                                       sluice_diag *why);

#endif
