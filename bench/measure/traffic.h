/* Bytes that a step moves from device to device. */
#ifndef BENCH_MEASURE_TRAFFIC_H
#define BENCH_MEASURE_TRAFFIC_H

#include <stdint.h>

#include <sluice/model.h>
#include <sluice/pipeline.h>

/*
 * Activations forward and gradients backward over the boundaries between the
 * devices of each replica, each of which holds one run of layers: a row crosses
 * each boundary of its own replica.
 */
double traffic_boundary_bytes(const sluice_pipeline *pipe,
                              const sluice_model *model, int64_t rows);

/*
 * What the devices of R replicas read from each other to add up gradients: a
 * reduce-scatter and an all-gather, 2 (R - 1) / R of its gradient for each.
 */
double traffic_reduce_bytes(const sluice_pipeline *pipe, int replicas);

#endif
