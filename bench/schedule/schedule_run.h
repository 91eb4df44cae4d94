/* A schedule on threads, with timed cells or real layers. */
#ifndef BENCH_SCHEDULE_SCHEDULE_RUN_H
#define BENCH_SCHEDULE_SCHEDULE_RUN_H

#include <stdint.h>

#include <sluice/schedule.h>
#include <sluice/status.h>

#include "bench/measure/measurement.h"
#include "bench/measure/run_options.h"
#include "bench/schedule/schedule_wanted.h"

struct schedule_run_config {
    struct run_options run; /* its `draw` is the file for the measured step */
    const char *model;      /* real layers; NULL: a timed cell for each stage */
    int64_t batch;          /* for real layers; 0: 32 rows a micro-batch */
};

/*
 * Run it for a few steps.  `out->wrong` is -1 if no sequential reference adds
 * up gradients in the schedule's order.
 *
 * Returns  SLUICE_OK with what measurement_fini() frees; or the first error.
 */
sluice_status schedule_run(const struct schedule_wanted *wanted,
                           const sluice_schedule *schedule,
                           const struct schedule_run_config *config,
                           struct measurement *out, sluice_diag *why);

/* The least time of such a step on this machine, with real layers; NAN with
 * timed cells, and where it cannot be measured. */
double schedule_run_bound(const struct schedule_wanted *wanted,
                          const sluice_schedule *schedule,
                          const struct schedule_run_config *config);

#endif
