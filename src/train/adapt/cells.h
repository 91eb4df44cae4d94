/*
 * What actions took, by stage and kind: from this come the costs of layers, at
 * the start, and later how fast the devices are.
 *
 * Threads: the caller's alone.
 */
#ifndef SL_TRAIN_ADAPT_CELLS_H
#define SL_TRAIN_ADAPT_CELLS_H

#include <sluice/plan.h>
#include <sluice/trace.h>

/* Wall-clock time from start to end: the mean of a step, in the step in which
 * it was shortest, because another program can only make it longer; 0: none was
 * seen. */
struct sl_cells {
    double ns[SLUICE_PLAN_MAX_STAGES][SLUICE_N_ACTION_KINDS];
};

/* Layers cut into stages. */
struct sl_cut {
    const int *partition; /* [n_stages] */
    int n_stages;
};

void sl_cells_add(struct sl_cells *cells, const sluice_trace *trace);

/*
 * The costs of layers such that a stage takes what was seen, shared among its
 * layers as `shares` are.  A kind that was not seen is scaled as the forward of
 * its stage if it is an R, as the backward if it is I or W, as I and W if it is
 * B.  Each cost is at least 1.
 *
 * Shapes   shares, costs_ns[n_layers][SLUICE_N_ACTION_KINDS].
 */
void sl_cells_calibrate(const struct sl_cells *cells, struct sl_cut cut,
                        const int64_t *shares, int64_t *costs_ns);

/*
 * How fast each device was in a step, compared with the costs: the time that
 * its forwards and backwards should have taken, divided by what they took.
 *
 * Shapes   speeds[trace->n_devices]; 1 for a device without actions.
 */
void sl_cells_speeds(const sluice_trace *trace, struct sl_cut cut,
                     const int64_t *costs_ns, double *speeds);

/* What the layers from `first` to before `end` take of all kinds that are
 * counted. */
double sl_cells_work(const int64_t *costs_ns, int first, int end);

#endif
