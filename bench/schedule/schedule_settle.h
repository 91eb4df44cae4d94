/*
 * What a command line of `sluice schedule` comes to: options that exclude or
 * need each other, names that exist.
 */
#ifndef BENCH_SCHEDULE_SCHEDULE_SETTLE_H
#define BENCH_SCHEDULE_SCHEDULE_SETTLE_H

#include <sluice/status.h>

#include "bench/schedule/schedule_options.h"

/* As of a command: take the name of a schedule; set the task, the output and
 * what else follows from the whole line, a struct schedule_line. */
sluice_status schedule_take(void *line, const char *name, sluice_diag *why);
sluice_status schedule_settle(void *line, sluice_diag *why);

#endif
