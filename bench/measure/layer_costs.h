/* How long each layer of a model takes. */
#ifndef BENCH_MEASURE_LAYER_COSTS_H
#define BENCH_MEASURE_LAYER_COSTS_H

#include <stdint.h>

#include <sluice/model.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

/*
 * How such costs are got; here: train a few steps on one device, every layer a
 * stage of its own, and take the median CPU times of the last: F (the last
 * layer's with the loss), B, I, W, R and UPDATE.
 *
 * Shapes   costs_ns[n_layers][SLUICE_N_ACTION_KINDS], for micro-batches of
 *          `rows`.
 * Blocks   for those steps.
 * Returns  SLUICE_OK, or the first error.
 */
typedef sluice_status layer_costs_fn(const sluice_model *model, int64_t rows,
                                     uint64_t seed, int64_t *costs_ns,
                                     sluice_diag *why);

sluice_status layer_costs_measure(const sluice_model *model, int64_t rows,
                                  uint64_t seed, int64_t *costs_ns,
                                  sluice_diag *why);

#endif
