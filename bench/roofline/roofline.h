/* What the machine can do, beside what a step does. */
#ifndef BENCH_ROOFLINE_ROOFLINE_H
#define BENCH_ROOFLINE_ROOFLINE_H

#include <stdint.h>

#include <sluice/status.h>

#include "bench/cli/range.h"
#include "bench/measure/measurement.h"
#include "bench/order/order.h"
#include "bench/measure/run_options.h"
#include "bench/roofline/bound.h"

struct roofline_config {
    struct range devices;
    struct range microbatches;
    const char *model;
    int64_t batch;
    struct run_options run;
    struct order_options order;
};

/* The limits of a core: the slowest one by itself, and the mean of all of them
 * at once. */
struct machine {
    double flops_alone; /* per second */
    double flops_together;
    double
        memory_alone; /* bytes per second, of what no cache of a core holds */
    double memory_together;
};

struct roofline_row {
    int devices;
    int microbatches;
    int64_t batch;
    struct machine machine;
    struct bound bound; /* the median one */
    double share;       /* the median of bound over step, of neighbours */
    struct measurement measured;
};

typedef void roofline_on_row(void *context, const struct roofline_row *row);

/*
 * Measure the machine, then the bound and a step, in turn, for every number of
 * devices with every number of micro-batches.
 *
 * Returns  SLUICE_OK, or the first error.
 */
sluice_status roofline_measure(const struct roofline_config *config,
                               roofline_on_row *on_row, void *context,
                               sluice_diag *why);

#endif
