/* The schedule that `sluice schedule` works on. */
#ifndef BENCH_SCHEDULE_SCHEDULE_MAKE_H
#define BENCH_SCHEDULE_SCHEDULE_MAKE_H

#include <sluice/schedule.h>
#include <sluice/status.h>

#include "bench/schedule/schedule_wanted.h"

/*
 * Make what is wanted.
 *
 * Returns  SLUICE_OK; the error of the generator, file or pass; SLUICE_INVALID
 *          if the file has other numbers of devices or micro-batches than were
 *          asked for, or there are not as many words as stages.
 */
sluice_status schedule_make(const struct schedule_wanted *wanted,
                            sluice_schedule **out, sluice_diag *why);

#endif
