/*
 * Where a parameter, its gradient and its optimizer states lie: which device
 * holds which of their elements.
 *
 * Without ZeRO each holder of a part of the model has all of them, divided
 * among the devices of its team.  What ZeRO shares out lies in pieces: each
 * holder has one, which may be empty, and the pieces follow each other in the
 * order of the holders.
 *
 * Threads: the caller's, while no step, evaluation or inference is under way.
 */
#ifndef SL_PIPELINE_PIECES_HOLDING_H
#define SL_PIPELINE_PIECES_HOLDING_H

#include "pipeline/pipeline.h"

/* A parameter, and what of it is meant. */
struct sl_tensor_item {
    int layer;
    int param;
    int state; /* SL_GRADIENT; SL_VALUES; or a state of the optimizer */
};

enum { SL_GRADIENT = -2, SL_VALUES = -1 };

/* What one device of this process holds of it. */
struct sl_holding {
    float *values;         /* [piece.n] */
    struct sl_shard shard; /* the elements that its device has in a team */
    struct sl_chunk piece; /* which of these */
    const struct sl_stage *stage;
};

/* Whether the holders of its part have a piece each. */
bool sl_item_is_shared(const struct sl_blueprint *bp,
                       struct sl_tensor_item item);

/* The process of holder number `holder` of its part, and whether that is this
 * one. */
int sl_holding_process(const sluice_pipeline *pipe, int holder,
                       struct sl_tensor_item item);
bool sl_is_held_here(const sluice_pipeline *pipe, int holder,
                     struct sl_tensor_item item);

/* What device number `shard` of the team has in the copy of the model that
 * holder number `holder` of each part belongs to.  `values` is that only if the
 * holder is in this process. */
struct sl_holding sl_holding_at(const sluice_pipeline *pipe, int holder,
                                int shard, struct sl_tensor_item item);

/* Put together what devices of this process hold of it: those of a team, and
 * all holders if it is shared.  Not for what is cut as a vocabulary is.
 *
 * Shapes   values[all elements of the parameter]. */
void sl_holdings_gather(const sluice_pipeline *pipe, struct sl_tensor_item item,
                        float *values);

#endif
