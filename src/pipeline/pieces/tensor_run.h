/*
 * Runs: the elements of a parameter, its gradient or an optimizer state as they
 * lie in several processes.
 *
 * Threads: the caller's, while no step, evaluation or inference is under way.
 */
#ifndef SL_PIPELINE_PIECES_TENSOR_RUN_H
#define SL_PIPELINE_PIECES_TENSOR_RUN_H

#include "pipeline/pieces/holding.h"

/* Elements that lie together in one process: `n` of those that a shard has,
 * from number `first` of these on.  The runs of a tensor make it whole; some
 * may be empty.  Without teams each shard is all of the tensor, and the runs
 * follow each other. */
struct sl_tensor_run {
    int process;           /* which has it */
    const float *elements; /* [n]; NULL in another process */
    struct sl_shard shard;
    int64_t first;
    int64_t n;
};

int sl_item_n_runs(const sluice_pipeline *pipe, struct sl_tensor_item item);
struct sl_tensor_run sl_item_run_at(const sluice_pipeline *pipe,
                                    struct sl_tensor_item item, int i);

/* No tensor has more. */
int sl_most_runs(const sluice_pipeline *pipe);

#endif
