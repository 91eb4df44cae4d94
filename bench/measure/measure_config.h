/* What is measured, and the pipeline for it. */
#ifndef BENCH_MEASURE_MEASURE_CONFIG_H
#define BENCH_MEASURE_MEASURE_CONFIG_H

#include <stdint.h>

#include <sluice/pipeline.h>

#include "bench/order/order.h"
#include "bench/measure/workload.h"

/* Something else that is measured in turn with the steps: before each timed
 * step, which then follows a step that is not timed, and behind the last.
 * Returns SLUICE_OK, or an error, which ends the measurement. */
struct measure_turns {
    sluice_status (*take)(void *context, sluice_diag *why);
    void *context;
};

struct measure_config {
    const struct workload *work;
    const struct order_options *order;
    const sluice_schedule *custom; /* instead of that of `order`; NULL: none */
    const int *partition; /* layers of each stage; NULL: as many each */
    int devices;          /* of one replica */
    int replicas;         /* 0: one */
    int zero;             /* stage of ZeRO */
    int team;             /* devices of a team; 0: one */
    int microbatches;
    int warmup;                        /* steps before those that are timed */
    int repetitions;                   /* steps that are timed, at least 1 */
    const struct measure_turns *turns; /* NULL: steps follow each other */
    int64_t spin_ns;                   /* as a pipeline's */
    uint64_t seed;
    sluice_world *world; /* whose processes share the devices; NULL: alone */
    const char *draw;    /* a file for a picture of the last step; NULL: none */
    const char *title;   /* of the picture; NULL: the order's name and sizes */
};

/* A pipeline for mini-batches of `rows`, with the loss and optimizer that all
 * commands use. */
sluice_pipeline_config plain_pipeline_config(int devices, int microbatches,
                                             int64_t rows);

/* Steps of a measurement, with those that are not timed. */
int measure_config_steps(const struct measure_config *config);

/* The pipeline of a measurement. */
sluice_pipeline_config
measure_pipeline_config(const struct measure_config *config);

#endif
