/*
 * Memory of pipelines of equal layers, planned and actual, beside the paper's
 * estimate.
 */
#ifndef BENCH_MEMORY_FOOTPRINT_H
#define BENCH_MEMORY_FOOTPRINT_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/status.h>

#include "bench/cli/range.h"
#include "bench/measure/run_options.h"

struct footprint_config {
    struct range layers;
    struct range devices;
    struct range microbatches;
    struct range remats; /* of sluice_remat */
    int64_t width;
    int64_t positions; /* of a row, of --table1; 0: linear layers */
    int64_t heads;
    int64_t batch;
    const char *schedule;
    const char *gemm;
    int capacity;
    uint64_t cap_bytes; /* for table 1 */
};

/* Bytes.  Activations are what is neither parameters, gradients nor optimizer
 * state. */
struct footprint_row {
    int layers;
    int devices;
    int microbatches;
    int remat;
    size_t planned;         /* of the device that needs most */
    size_t actual;          /* of the device that needs most, handed out */
    size_t activations;     /* of the device that needs most, planned */
    size_t all_activations; /* of all devices */
    double estimate; /* of a device's activations: N a (1 + L/K / M), or without
                        rematerialization N a L/K */
    double classic;  /* of all devices' activations: M x K of a micro-batch, or
                        without rematerialization M x L */
};

typedef void footprint_on_row(void *context, const struct footprint_row *row);

/*
 * Plan and create a pipeline for each combination; those with more devices than
 * layers are left out.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if all are left out; the first error.
 */
sluice_status footprint_measure(const struct footprint_config *config,
                                footprint_on_row *on_row, void *context,
                                sluice_diag *why);

/* How many combinations are left out; 0 if all are, which footprint_measure()
 * refuses. */
int footprint_left_out(const struct footprint_config *config);

#endif
