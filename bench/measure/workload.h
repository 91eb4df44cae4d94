/*
 * What a benchmark trains: a network, and inputs and targets that are random
 * but fixed by the seed.
 */
#ifndef BENCH_MEASURE_WORKLOAD_H
#define BENCH_MEASURE_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/across_layers.h>
#include <sluice/layer.h>
#include <sluice/model.h>
#include <sluice/status.h>

struct workload {
    sluice_model *model;
    sluice_model *untimed; /* computes the same bits without taking cell_ns;
                              may be `model` itself */
    int64_t rows;          /* of a mini-batch */
    void *x;               /* x[rows][input], uniform in [-1, 1); integers are
                              all 0, which is a token of every vocabulary */
    bool labelled;         /* the loss is cross-entropy: */
    void *targets;         /* float targets[rows][output], or labels,
                              int32 targets[rows][positions] */
};

/*
 * A network of real layers, as sluice_model_parse() reads them.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID; SLUICE_NO_MEMORY.
 */
sluice_status workload_parse(struct workload *work, const char *model,
                             int64_t rows, uint64_t seed, sluice_diag *why);

/*
 * `cells` timed cells, each of which takes its time, whatever the rows of a
 * micro-batch; and behind them a head, unless it is NULL.
 *
 * Shapes   times[cells]
 * Returns  as workload_parse().
 */
sluice_status workload_cells(struct workload *work, int cells,
                             const sluice_timed_config *times,
                             const sluice_timed_head_config *head, int64_t rows,
                             uint64_t seed, sluice_diag *why);

/* A cell that takes so long for each of F, I, W and R. */
sluice_timed_config workload_cell(int64_t ns);

/* Inputs and targets only, for a model of the caller's; labels of its last
 * dimension if `labelled`.  Returns as above. */
sluice_status workload_fill(struct workload *work, const sluice_model *model,
                            bool labelled, int64_t rows, uint64_t seed,
                            sluice_diag *why);

void workload_fini(struct workload *work);

#endif
