/*
 * What each action of a schedule costs at least, from the rates of the machine.
 * Bytes are those that an implementation in one pass over each tensor reads and
 * writes.
 */
#ifndef BENCH_ROOFLINE_STEP_COSTS_H
#define BENCH_ROOFLINE_STEP_COSTS_H

#include <stdint.h>

#include <sluice/model.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

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

struct step_rates {
    const struct product_times *products;
    int64_t rows;            /* of a micro-batch */
    int microbatches;        /* of a step */
    double bandwidth;        /* bytes per ns */
    double bandwidth_update; /* bytes per ns */
    double n_states;         /* of the optimizer, for each parameter */
};

/*
 * The costs of each stage, for sluice_simulate(), the layers cut so that the
 * slowest stage takes least in a step.
 *
 * Shapes   costs_ns[stages][SLUICE_N_ACTION_KINDS].
 * Returns  SLUICE_OK; SLUICE_INVALID if there are fewer layers than stages;
 *          SLUICE_NO_MEMORY.
 */
sluice_status step_costs(const sluice_model *model,
                         const sluice_schedule *schedule,
                         const struct step_rates *rates, int64_t *costs_ns,
                         sluice_diag *why);

#endif
