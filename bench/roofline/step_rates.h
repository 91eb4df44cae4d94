/*
 * The rates of the machine from which a step is priced, and the bytes that it
 * moves.
 *
 * Threads: any.
 */
#ifndef BENCH_ROOFLINE_STEP_RATES_H
#define BENCH_ROOFLINE_STEP_RATES_H

#include <stdint.h>

#include <sluice/layer.h>
#include <sluice/model.h>

#include "bench/roofline/product_times.h"

/* Bytes that a layer's work on elements moves for a row. */
struct element_bytes {
    double forward; /* bias, activation; all of a layer without products */
    double input;   /* gradient of the activation; all ... */
    double weight;  /* gradient of the bias; all ... */
};

struct element_bytes element_bytes_of(const sluice_layer_plan *plan);

/* The most that a layer of the model moves in one pass. */
double element_bytes_most(const sluice_model *model);

/* Bytes that an update reads and writes for each parameter of layer i: weight,
 * gradient and `n_states` states are read, all but the gradient written. */
double update_bytes_of(const sluice_layer_plan *plan, double n_states);

/* The same of parameters of so many bytes. */
double update_bytes_of_n(double bytes, double n_states);

struct step_rates {
    const struct product_times *products;
    int64_t rows;            /* of a micro-batch */
    int microbatches;        /* of a step */
    double bandwidth;        /* bytes per ns */
    double bandwidth_update; /* bytes per ns */
    double n_states;         /* of the optimizer, for each parameter */
};

#endif
