/* The measured bubble beside the formula. */
#ifndef BENCH_BUBBLE_BUBBLE_H
#define BENCH_BUBBLE_BUBBLE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/status.h>

#include "bench/measure/measurement.h"
#include "bench/order/order.h"
#include "bench/cli/range.h"
#include "bench/order/schedule_source.h"
#include "bench/measure/run_options.h"

struct bubble_config {
    struct range devices;
    struct range microbatches;
    struct range team;  /* devices that work a stage together */
    bool sized_by_file; /* they were not given, in these two: a schedule's
                           file has them */
    bool counted_by_file;
    int64_t cell_ns;   /* 0: real layers */
    const char *model; /* for real layers */
    int64_t batch;     /* for real layers */
    struct run_options run;
    struct order_options order;
};

struct bubble_row {
    int devices;
    int team; /* at each of them, devices that work together */
    int microbatches;
    int stages;
    int64_t batch;
    double formula; /* sluice_bubble_formula(); with rematerialization, and for
                       other schedules than gpipe and 1f1b, what the simulator
                       finds for equal stages */
    sluice_schedule *custom; /* as order_custom() */
    double speedup;     /* against one device; NAN if that was not measured */
    double bound_ns;    /* the least time of the step on this machine, as
                           bench/roofline/bound.h; NAN with timed cells, and in
                           several processes */
    double hand_off_ns; /* in two processes: of the largest item from one to the
                           other, as bench/overhead/overhead.h; else NAN */
    double raw_ns;      /* of a message of MPI that is as large */
    struct measurement measured;
};

typedef void bubble_on_row(void *context, const struct bubble_row *row);

/*
 * Measure every number of devices with every team and number of micro-batches,
 * of which there is one at least.
 *
 * Returns  SLUICE_OK, or the first error.
 */
sluice_status bubble_measure(const struct bubble_config *config,
                             bubble_on_row *on_row, void *context,
                             sluice_diag *why);

#endif
