/* What passes that work device by device share.  One thread. */
#ifndef SL_SCHED_PASSES_PASS_H
#define SL_SCHED_PASSES_PASS_H

#include "sched/schedule.h"

/* Append to `out` what becomes of a device's list. */
typedef sluice_status sl_pass_device(const void *context,
                                     const sluice_schedule *schedule,
                                     int device, sluice_schedule *out,
                                     sluice_diag *why);

/*
 * A new schedule, like the old one, of what becomes of each device's list.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, or what `pass` returned.
 */
sluice_status sl_pass(const sluice_schedule *schedule, sl_pass_device *pass,
                      const void *context, sluice_schedule **out,
                      sluice_diag *why);

/*
 * Refuse a lowered schedule, for passes that move what its hand-offs belong to.
 *
 * Returns  SLUICE_OK, SLUICE_INVALID.
 */
sluice_status sl_refuse_lowered(const sluice_schedule *schedule,
                                const char *wish, sluice_diag *why);

/*
 * Refuse that, and a schedule with UNSHARD, RESHARD or REDUCE_GRAD, whose
 * places depend on the order of the others.
 *
 * Returns  SLUICE_OK, SLUICE_INVALID.
 */
sluice_status sl_refuse_placed(const sluice_schedule *schedule,
                               const char *wish, sluice_diag *why);

#endif
