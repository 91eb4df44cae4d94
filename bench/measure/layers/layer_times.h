/*
 * What layers take, read from the traces of pipelines in which each layer is a
 * stage; the median over steps.
 */
#ifndef BENCH_MEASURE_LAYERS_LAYER_TIMES_H
#define BENCH_MEASURE_LAYERS_LAYER_TIMES_H

#include <stdint.h>

#include <sluice/pipeline.h>

enum { LAYER_TIMES_STEPS = 5 };

struct layer_times {
    int n_cells; /* of costs, and as many of the first actions */
    int n;       /* steps that were read */
    int64_t *of; /* [LAYER_TIMES_STEPS][2][n_cells] */
};

/* Returns  SLUICE_OK, SLUICE_NO_MEMORY. */
sluice_status layer_times_init(struct layer_times *times, int n_layers,
                               sluice_diag *why);

/* Also legal on zeros. */
void layer_times_fini(struct layer_times *times);

/*
 * Read the last step of a pipeline, at most LAYER_TIMES_STEPS in all.  CPU
 * times: what other programs do meanwhile does not count.
 *
 * Returns  SLUICE_OK; as sluice_pipeline_trace(), sluice_costs_measure().
 */
sluice_status layer_times_read(struct layer_times *times,
                               const sluice_pipeline *pipe, sluice_diag *why);

/*
 * The medians: of each kind, -1 if there was none; and by how much more the
 * first F and the first backward of a step took, packing included, as F, B and
 * I.  The latter counts the wait for another device, too: read it where a
 * device has all layers.
 *
 * Shapes   costs_ns[n_layers][SLUICE_N_ACTION_KINDS], first_ns the same.
 */
void layer_times_medians(const struct layer_times *times, int64_t *costs_ns,
                         int64_t *first_ns);

#endif
