/* A schedule with all that is told about it: a row of a table. */
#ifndef BENCH_SCHEDULE_SCHEDULE_ROW_H
#define BENCH_SCHEDULE_SCHEDULE_ROW_H

#include <stdbool.h>

#include <sluice/status.h>

#include "bench/measure/measurement.h"
#include "bench/schedule/schedule_price.h"
#include "bench/schedule/schedule_run.h"
#include "bench/schedule/schedule_wanted.h"

struct schedule_row {
    const char *name;
    struct schedule_price price;
    bool is_measured;
    bool is_raised; /* it ran, and is priced, without the sends and receives
                       that it has */
    struct measurement measured;
    double bound_ns; /* of its step, as bench/roofline/bound.h; NAN with timed
                        cells */
};

/*
 * Make, price, draw and, unless `run` is NULL, run.  With real layers the
 * simulation is repeated with the costs that were measured.  The simulation
 * has a trace if it is to be `traced`, or drawn; `draw` may be NULL.
 *
 * Returns  SLUICE_OK with what schedule_row_fini() frees; or the first error.
 */
sluice_status schedule_row_init(struct schedule_row *row,
                                const struct schedule_wanted *wanted,
                                const struct schedule_run_config *run,
                                bool traced, const char *draw,
                                sluice_diag *why);

void schedule_row_fini(struct schedule_row *row);

#endif
