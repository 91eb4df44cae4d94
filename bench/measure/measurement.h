/* Measure a pipeline's step: time, bubble, memory, and whether its bits are
 * right. */
#ifndef BENCH_MEASURE_MEASUREMENT_H
#define BENCH_MEASURE_MEASUREMENT_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/status.h>

#include "bench/measure/measure_config.h"
#include "bench/measure/samples.h"
#include "bench/measure/yardstick.h"

struct measurement {
    struct samples samples;
    size_t planned_bytes;  /* of the device that needs most */
    size_t actual_bytes;   /* of the device that used most */
    size_t state_bytes;    /* parameters, gradients and optimizer's states of
                              the device that has most of them, planned */
    double boundary_bytes; /* activations and gradients that go from device to
                              device in a step, all of them together */
    double reduce_bytes;   /* gradients that replicas read from each other */
    double sent_bytes;     /* counted: what processes sent each other of both,
                              in a step; 0: there is one */
    double
        sent_formula;   /* the same, by the sizes of boundaries and gradients */
    int64_t item_bytes; /* of a micro-batch, the most that a process hands to
                           another at a time, without replicas; 0: there is
                           one */
    const char *gemm;   /* as sluice_pipeline_gemm() */
    int64_t wrong;     /* elements of parameters whose bits differ from those of
                          the sequential reference after the last step; -1:
                          there was none */
    int n_stages;      /* of the pipeline */
    int64_t *costs_ns; /* [n_stages][SLUICE_N_ACTION_KINDS] of the last step, on
                          the virtual clock, as sluice_costs_measure() */
};

/*
 * Measure; `yardstick` may be NULL.
 *
 * Blocks   for measure_config_steps().
 * Returns  SLUICE_OK with `out`, to be freed by measurement_fini(); or the
 *          pipeline's error; SLUICE_NO_MEMORY.
 */
sluice_status measure(const struct measure_config *config,
                      const struct yardstick *yardstick,
                      struct measurement *out, sluice_diag *why);

/* Zeros are allowed. */
void measurement_fini(struct measurement *measurement);

#endif
