/*
 * The matrix products of a model as a program without micro-batches makes them:
 * each for all rows of a mini-batch, by the threads of OpenBLAS.
 *
 * Threads: one at a time, while nothing else of the process calls OpenBLAS.
 */
#ifndef BENCH_TEAMS_WHOLE_BATCH_H
#define BENCH_TEAMS_WHOLE_BATCH_H

#include <stdint.h>

#include <sluice/model.h>
#include <sluice/status.h>

struct whole_batch;

/*
 * All operands of all products of the model, for so many rows.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status whole_batch_create(const sluice_model *model, int64_t rows,
                                 struct whole_batch **out, sluice_diag *why);

void whole_batch_destroy(struct whole_batch *batch); /* NULL is allowed */

/*
 * Make y = x w of each layer, then dx = dy w^T and dw = x^T dy from the last
 * layer to the first, which has no dx.
 *
 * Blocks   until the threads rest again, too.
 * Returns  what the products took, in ns.
 */
double whole_batch_run(struct whole_batch *batch, int threads);

#endif
