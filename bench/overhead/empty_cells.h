/*
 * A pipeline of cells that compute nothing: a step's time is what the machinery
 * takes.
 */
#ifndef BENCH_OVERHEAD_EMPTY_CELLS_H
#define BENCH_OVERHEAD_EMPTY_CELLS_H

#include <stdint.h>

#include <sluice/status.h>

struct empty_cells;

/*
 * One cell on each of `devices`, one or two.  Of each micro-batch two devices
 * do F, F, B, B in turn, and no other meanwhile: a round trip of two hand-offs.
 * One device does F and B of each.  A waiting device polls for `spin_ns`, as a
 * pipeline's.
 *
 * Returns  SLUICE_OK; or the first error of a model, schedule or pipeline.
 */
sluice_status empty_cells_create(int devices, int microbatches, int64_t spin_ns,
                                 struct empty_cells **out, sluice_diag *why);

void empty_cells_destroy(struct empty_cells *cells); /* NULL is allowed */

/* Time of a step in ns, divided by its micro-batches.  Returns as
 * sluice_pipeline_step(). */
sluice_status empty_cells_step(struct empty_cells *cells, double *ns,
                               sluice_diag *why);

#endif
