/*
 * ZeRO: bytes per parameter by stage, replicas and optimizer, planned and
 * actual, beside the paper's formula; and what a step takes beside that of
 * plain replicas.
 */
#ifndef BENCH_ZERO_ZERO_ROWS_H
#define BENCH_ZERO_ZERO_ROWS_H

#include <stdint.h>

#include <sluice/status.h>
#include <sluice/world.h>

#include "bench/cli/range.h"

struct zero_config {
    const char *model;
    int64_t batch;
    int devices; /* of a replica */
    int chunks;  /* stages of a device; 1: gpipe, more: looped-bfs */
    int microbatches;
    struct range replicas;
    struct range stages; /* of ZeRO */
    int steps;           /* that are timed; 0: none */
    uint64_t seed;
    sluice_world *world; /* whose processes share the devices; NULL: alone */
};

/* All devices of a replica together; bytes for each parameter of the model. */
struct zero_row {
    const char *optimizer;
    int replicas;
    int zero;
    int processes; /* that run the devices, in equal runs */
    double parameters;
    double gradients;
    double states;
    double paper;          /* of the three together, see
                              zero_formula_parameter() */
    int64_t planned_bytes; /* everything, of all replicas */
    int64_t actual_bytes;
    double step_ns;  /* the median; NAN: none was timed */
    double bound_ns; /* of it, as bench/roofline/bound.h; NAN likewise */
    double over;     /* the median of step / plain - 1, of steps in turn */
    int64_t wrong;   /* parameters whose bits are not those of plain replicas */
};

typedef void zero_on_row(void *context, const struct zero_row *row);

/*
 * A row for each optimizer, number of replicas and stage.  Several processes
 * share its devices, if there are as many; else process 0 runs it alone, and
 * the others have no such row.  All call this.
 *
 * Returns  SLUICE_OK, or the first error.
 */
sluice_status zero_measure(const struct zero_config *config,
                           zero_on_row *on_row, void *context,
                           sluice_diag *why);

#endif
