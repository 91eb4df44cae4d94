/*
 * One device, a pipeline, data and tensor parallelism, and their products, on
 * the same model, data and devices.
 */
#ifndef BENCH_COMPARE_COMPARE_H
#define BENCH_COMPARE_COMPARE_H

#include <stdint.h>

#include <sluice/status.h>

#include "bench/measure/measurement.h"
#include "bench/measure/traffic.h"
#include "bench/cli/range.h"
#include "bench/measure/run_options.h"

struct compare_config {
    struct range devices;
    struct range microbatches; /* of pipelines */
    struct range teams;        /* devices of a place */
    struct range zeros;        /* stages of ZeRO, of replicas */
    const char *model;
    int64_t batch;
    uint64_t cap_bytes; /* of a device, for the deepest network */
    struct run_options run;
    struct order_options order; /* of pipelines */
};

struct compare_row {
    const char *layout; /* "naive", "pipeline", "data", "both", "tensor" if
                           there is nothing but a team, else "hybrid" */
    int places;         /* devices of a pipeline, K */
    int replicas;       /* R */
    int team;           /* t */
    int zero;
    int processes; /* that run the devices, in equal runs */
    int microbatches;
    double speedup; /* against the naive device, on the wall clock */
    double speedup_virtual;
    double bound_ns; /* the least time of the step on this machine, as
                        bench/roofline/bound.h; NAN with replicas */
    int64_t width;   /* of the equal layers of the deepest network */
    int deepest;     /* equal layers that fit in the cap */
    struct traffic_team team_traffic;
    double zero_bytes; /* the paper's formula for measured.state_bytes */
    struct measurement measured;
};

typedef void compare_on_row(void *context, const struct compare_row *row);

/*
 * Several processes share the teams of a row, each of which is a device if t is
 * 1, if there are at least as many; else process 0 runs it alone, and the
 * others have no such row.
 *
 * Measure one device first, then for each number D of devices all K places, R
 * replicas and teams of t, K R t = D, pipelines with each M, replicas with each
 * stage of ZeRO.
 *
 * Returns  SLUICE_OK, or the first error.
 */
sluice_status compare_measure(const struct compare_config *config,
                              compare_on_row *on_row, void *context,
                              sluice_diag *why);

#endif
