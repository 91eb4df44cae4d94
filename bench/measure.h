/* Measure a pipeline's step: time, bubble, and whether its bits are right. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>

#include <sluice/status.h>

#include "bench/option.h"
#include "bench/workload.h"

struct measure_config {
    const struct workload *work;
    const struct order_options *order;
    int devices;
    int microbatches;
    int warmup;      /* steps before those that are timed */
    int repetitions; /* steps that are timed, at least 1 */
    int64_t spin_ns; /* as a pipeline's */
    uint64_t seed;
};

/* Medians, and the extremes, over the repetitions. */
struct measurement {
    int64_t step_ns; /* from the call of a step to its return */
    int64_t step_min_ns;
    int64_t step_max_ns;
    double bubble; /* 1 - busy, of all devices */
    int64_t wrong; /* elements of parameters whose bits differ from those of
                      the sequential reference after the last step */
};

struct yardstick;

/*
 * Measure.
 *
 * Blocks   for warmup + repetitions steps.
 * Returns  SLUICE_OK, or the pipeline's error; SLUICE_NO_MEMORY.
 */
sluice_status measure(const struct measure_config *config,
                      const struct yardstick *yardstick,
                      struct measurement *out, sluice_diag *why);

#endif
