/* How long each layer of a model takes. */
#ifndef BENCH_MEASURE_LAYERS_LAYER_COSTS_H
#define BENCH_MEASURE_LAYERS_LAYER_COSTS_H

#include <stdint.h>

#include <sluice/model.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

/* What is measured: micro-batches of `rows`. */
struct layer_costs_config {
    int64_t rows;
    int microbatches; /* of a device's step: how often weights are used between
                         two updates decides how products are made */
    uint64_t seed;
    int devices;      /* that are at work at once, as in a pipeline: they share
                         caches and memory; at least 1 */
    int team;         /* devices that work each layer together; 0: 1.  There
                         are `devices` such teams */
    const char *gemm; /* NULL: the library's default */
    const char *precision; /* the same */
};

/*
 * How such costs are got; here: each device trains a few steps of its own with
 * every layer a stage, and costs are medians of CPU times: F (the last layer's
 * with the loss), B, I, W, R and UPDATE; and REDUCE_GRAD, which is what two
 * devices take to add up a layer's gradients, from what all together take; of a
 * single device that is not measured, and is what its UPDATE takes.  By
 * `first_ns` the first F and the first backward of a step take more, packing of
 * weights included, as F, B and I; of other kinds it is 0.
 *
 * Shapes   costs_ns[n_layers][SLUICE_N_ACTION_KINDS], first_ns the same.
 * Blocks   for those steps.
 * Returns  SLUICE_OK, or the first error.
 */
typedef sluice_status layer_costs_fn(const sluice_model *model,
                                     const struct layer_costs_config *config,
                                     int64_t *costs_ns, int64_t *first_ns,
                                     sluice_diag *why);

sluice_status layer_costs_measure(const sluice_model *model,
                                  const struct layer_costs_config *config,
                                  int64_t *costs_ns, int64_t *first_ns,
                                  sluice_diag *why);

#endif
