/* Measure a pipeline's step: time, bubble, memory, and whether its bits are
 * right. */
#ifndef BENCH_MEASURE_MEASUREMENT_H
#define BENCH_MEASURE_MEASUREMENT_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/status.h>

#include "bench/cli/option.h"
#include "bench/measure/samples.h"
#include "bench/measure/workload.h"

struct measure_config {
    const struct workload *work;
    const struct order_options *order;
    const sluice_schedule *custom; /* instead of that of `order`; NULL: none */
    int devices;                   /* of one replica */
    int replicas;                  /* 0: one */
    int microbatches;
    int warmup;      /* steps before those that are timed */
    int repetitions; /* steps that are timed, at least 1 */
    int64_t spin_ns; /* as a pipeline's */
    uint64_t seed;
    const char *draw;  /* a file for a picture of the last step; NULL: none */
    const char *title; /* of the picture; NULL: the order's name and sizes */
};

struct measurement {
    struct samples samples;
    size_t planned_bytes;  /* of the device that needs most */
    size_t actual_bytes;   /* alike */
    double boundary_bytes; /* activations and gradients that go from device to
                              device in a step, all of them together */
    double reduce_bytes;   /* gradients that replicas read from each other */
    int64_t wrong;     /* elements of parameters whose bits differ from those of
                          the sequential reference after the last step; -1:
                          there was none */
    int n_stages;      /* of the pipeline */
    int64_t *costs_ns; /* [n_stages][SLUICE_N_ACTION_KINDS] of the last step, on
                          the virtual clock, as sluice_costs_measure() */
};

struct yardstick;

/*
 * Measure; `yardstick` may be NULL.
 *
 * Blocks   for warmup + repetitions steps.
 * Returns  SLUICE_OK with `out`, to be freed by measurement_fini(); or the
 *          pipeline's error; SLUICE_NO_MEMORY.
 */
sluice_status measure(const struct measure_config *config,
                      const struct yardstick *yardstick,
                      struct measurement *out, sluice_diag *why);

/* Zeros are allowed. */
void measurement_fini(struct measurement *measurement);

#endif
