/*
 * What a schedule would cost: proof, simulation, and the formula, if there is
 * one.
 */
#ifndef BENCH_SCHEDULE_SCHEDULE_PRICE_H
#define BENCH_SCHEDULE_SCHEDULE_PRICE_H

#include <sluice/schedule.h>
#include <sluice/simulate.h>
#include <sluice/status.h>
#include <sluice/trace.h>

#include "bench/schedule/schedule_wanted.h"

/* One device. */
struct schedule_share {
    sluice_time_share time;
    double activations; /* peaks, in micro-batches of a whole device */
    double inner;
    double parameters; /* as a share of the model's, one version of them */
    int versions;      /* of a stage's weights, kept at once */
};

struct schedule_price {
    int n_devices;
    int n_stages;
    int n_microbatches;
    double formula; /* bubble; NAN: there is no closed form */
    sluice_simulation *simulation;
    struct schedule_share *devices; /* [n_devices] */
    struct schedule_share all;      /* peaks: of the device with the highest;
                                       parameters: the sum */
};

/*
 * Price a schedule.  `stage_costs_ns` may be NULL: those that are wanted.
 * Without `traced` the simulation's trace is left empty.
 *
 * Returns  SLUICE_OK with what schedule_price_fini() frees; SLUICE_SCHEDULE if
 *          it cannot run; SLUICE_INVALID for costs; SLUICE_NO_MEMORY.
 */
sluice_status schedule_price(const struct schedule_wanted *wanted,
                             const sluice_schedule *schedule,
                             const int64_t *stage_costs_ns, bool traced,
                             struct schedule_price *out, sluice_diag *why);

/* Zeros are allowed. */
void schedule_price_fini(struct schedule_price *price);

/* The verifier's view: peaks of all devices, facts[n_devices].  Returns as
 * sluice_schedule_verify(). */
sluice_status schedule_prove(const sluice_schedule *schedule, int capacity,
                             sluice_device_facts *facts, sluice_diag *why);

#endif
