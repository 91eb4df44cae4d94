/* Pictures of a schedule: simulated, and measured beside it. */
#ifndef BENCH_SCHEDULE_SHOW_SCHEDULE_DRAW_H
#define BENCH_SCHEDULE_SHOW_SCHEDULE_DRAW_H

#include <sluice/schedule.h>
#include <sluice/status.h>

#include "bench/schedule/schedule_price.h"
#include "bench/schedule/schedule_wanted.h"

enum { SCHEDULE_TITLE = 128, SCHEDULE_PATH = 4096 };

/* "zb-v, 4 devices, 8 micro-batches, simulated".  Returns `title`. */
const char *schedule_title(const struct schedule_wanted *wanted,
                           const sluice_schedule *schedule, const char *clock,
                           char title[SCHEDULE_TITLE]);

/*
 * Draw the simulated trace, in the kind that the name ends with.
 *
 * Returns  as picture_write().
 */
sluice_status schedule_draw(const struct schedule_wanted *wanted,
                            const sluice_schedule *schedule,
                            const struct schedule_price *price,
                            const char *path, sluice_diag *why);

/*
 * The name of the measured one: "zb-v.measured.svg" beside "zb-v.svg".
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if it gets too long.
 */
sluice_status schedule_measured_path(const char *path,
                                     char measured[SCHEDULE_PATH],
                                     sluice_diag *why);

#endif
