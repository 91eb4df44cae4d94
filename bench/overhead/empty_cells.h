/*
 * A pipeline of cells that compute nothing: a step's time is what the machinery
 * takes.
 */
#ifndef BENCH_OVERHEAD_EMPTY_CELLS_H
#define BENCH_OVERHEAD_EMPTY_CELLS_H

#include <stdint.h>

#include <sluice/status.h>
#include <sluice/world.h>

struct empty_cells;

enum { EMPTY_WIDTH = 4 }; /* the least elements that are handed on */

struct empty_cells_config {
    int devices; /* one or two */
    int cells;   /* one for each device; or two on one */
    int microbatches;
    int64_t spin_ns;     /* a waiting device polls for so long, as a
                            pipeline's */
    int64_t width;       /* elements that are handed on; EMPTY_WIDTH of them are
                            copied from input to output */
    sluice_world *world; /* whose processes have a device each; NULL: alone */
};

/*
 * Of each micro-batch two devices with a cell each do F, F, B, B in turn, and
 * no other meanwhile: a round trip of two hand-offs.  One device with both
 * cells does the same four, and hands nothing off; with one cell F and B.
 *
 * Returns  SLUICE_OK; or the first error of a model, schedule or pipeline.
 */
sluice_status empty_cells_create(const struct empty_cells_config *config,
                                 struct empty_cells **out, sluice_diag *why);

void empty_cells_destroy(struct empty_cells *cells); /* NULL is allowed */

/* Time of a step in ns, divided by its micro-batches.  Returns as
 * sluice_pipeline_step(). */
sluice_status empty_cells_step(struct empty_cells *cells, double *ns,
                               sluice_diag *why);

#endif
