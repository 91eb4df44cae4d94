/*
 * GPipe's table 2: throughput of 2, 4 and 8 devices with 1, 4 and 32
 * micro-batches, in that of two devices with one (Huang et al., 2019).
 */
#ifndef BENCH_TABLE2_TABLE2_H
#define BENCH_TABLE2_TABLE2_H

#include <stdint.h>

#include <sluice/status.h>

#include "bench/measure/measurement.h"
#include "bench/measure/run_options.h"

struct table2_config {
    int64_t cell_ns;   /* of a cell with 32 micro-batches; with fewer of them it
                          is longer, as the batch stays */
    const char *model; /* real layers */
    int64_t batch;     /* for them */
    struct run_options run;
    struct order_options order;
};

/* Throughputs are normalized; NAN where the paper gives none. */
struct table2_row {
    int devices;
    int microbatches;
    double ideal;         /* K M / (M + K - 1) */
    double cells;         /* timed cells, wall clock */
    double cells_virtual; /* the same steps on the virtual clock */
    double layers;        /* real layers, virtual clock */
    double transformer;   /* the paper's Transformer-48 */
    double amoebanet;     /* the paper's AmoebaNet-D */
    double torchgpipe;    /* Kim et al., 2020, AmoebaNet-D */
    struct measurement of_cells;
    struct measurement of_layers;
};

typedef void table2_on_row(void *context, const struct table2_row *row);

/* Measure all nine.  Returns SLUICE_OK, or the first error. */
sluice_status table2_measure(const struct table2_config *config,
                             table2_on_row *on_row, void *context,
                             sluice_diag *why);

#endif
