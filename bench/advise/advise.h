/*
 * Which configuration suits a model: predictions for numbers of devices and
 * micro-batches, with and without rematerialization.
 */
#ifndef BENCH_ADVISE_ADVISE_H
#define BENCH_ADVISE_ADVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/model.h>
#include <sluice/status.h>

#include "bench/measure/layer_costs.h"
#include "bench/cli/range.h"

struct advise_config {
    const char *model;
    int64_t batch;
    int devices;               /* at most */
    struct range microbatches; /* those that divide the batch are taken */
    uint64_t cap_bytes;        /* of a device; 0: none */
    uint64_t seed;
    layer_costs_fn *costs; /* NULL: layer_costs_measure() */
};

struct advise_row {
    int devices;
    int microbatches;
    int remat;       /* SLUICE_REMAT_NEVER or _ALWAYS */
    double bubble;   /* predicted: recomputing counts as work */
    double formula;  /* sluice_bubble_formula() */
    int64_t step_ns; /* predicted */
    size_t bytes;    /* of the device that needs most */
    bool fits;
    bool recommended;
};

struct advice {
    struct advise_row *rows;
    int n;
};

/*
 * Profile the model on one device for each size of micro-batch, then predict
 * gpipe on 1, 2, 4, ... devices and on all of them by simulation, each cut so
 * that its slowest device is fastest.  Recommended is the fastest that fits; of
 * those within 1 % of it, the one that needs the least memory.
 *
 * Returns  SLUICE_OK with rows for advice_fini(); SLUICE_INVALID if no number
 *          of micro-batches divides the batch; or the first error.
 */
sluice_status advise(const struct advise_config *config, struct advice *advice,
                     sluice_diag *why);

void advice_fini(struct advice *advice);

/* The recommended row; NULL if no row fits. */
const struct advise_row *advice_choice(const struct advice *advice);

/* The row that needs the least memory on its largest device. */
const struct advise_row *advice_smallest(const struct advice *advice);

/*
 * The row that follows the paper's rule M = 4 K, with the devices and the
 * rematerialization of the choice; NULL if there is none.
 */
const struct advise_row *advice_rule(const struct advice *advice,
                                     const struct advise_row *choice);

#endif
