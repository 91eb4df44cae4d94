/*
 * Berths: where the elements of a parameter or of an optimizer state lie on the
 * devices, each as often as it lies there: in each holder of its part of the
 * model, in each device of a team, under each use of a tied one, and in each
 * part of a table that is cut as a vocabulary is.
 *
 * Threads: the caller's, while no step, evaluation or inference is under way.
 */
#ifndef SL_PIPELINE_PIECES_BERTH_H
#define SL_PIPELINE_PIECES_BERTH_H

#include "pipeline/pieces/holding.h"

struct sl_berth {
    int process;
    float *values;         /* [piece.n]; NULL: in another process */
    struct sl_shard shard; /* which elements of the tensor its device has */
    struct sl_chunk piece; /* and which of these lie here */

    /* Who may have packed the old values: one of the two. */
    const struct sl_stage *stage;
    struct sl_head_part *part;
};

int sl_item_n_berths(const sluice_pipeline *pipe, struct sl_tensor_item item);
struct sl_berth sl_item_berth_at(const sluice_pipeline *pipe,
                                 struct sl_tensor_item item, int i);

/* The values of a parameter have changed there: forget what was packed. */
void sl_berth_forget(const struct sl_berth *berth);

#endif
