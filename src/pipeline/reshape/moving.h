/*
 * What a reshape carries over: parameters and optimizer states, one tensor at a
 * time, from wherever the old shape has them to wherever the new one wants
 * them.
 *
 * A process that has all elements of a tensor copies them itself.  Other
 * elements are sent by the process that has them to each that wants the tensor.
 * All processes go through the tensors, and through those that want them, in
 * the same order, so that each message finds its receiver.
 *
 * Threads: the caller's, between two steps.
 */
#ifndef SL_PIPELINE_RESHAPE_MOVING_H
#define SL_PIPELINE_RESHAPE_MOVING_H

#include "chan/mpi/courier.h"
#include "pipeline/pipeline.h"

struct sl_move {
    const sluice_pipeline *from;
    sluice_pipeline *to;
    const sluice_allocator *allocator;
    struct sl_courier courier; /* its world NULL: one process */
    float *room;               /* [n_room] for a tensor that does not lie in one
                                  piece here */
    float *part;               /* [n_part] of a message */
    size_t n_room;
    size_t n_part;
};

/*
 * The room that the move takes in this process: at most that of the largest
 * tensor, and of a message.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY, with nothing to be freed.
 */
sluice_status sl_move_init(struct sl_move *move, const sluice_pipeline *from,
                           sluice_pipeline *to, sluice_diag *why);
void sl_move_fini(struct sl_move *move);

/*
 * Move all tensors.  `from` stays as it is.
 *
 * Blocks   until this process has what it wants, and the others have what it
 *          sends them; or a process is lost.
 * Returns  SLUICE_OK, or why a process is lost.
 */
sluice_status sl_move_all(const struct sl_move *move, sluice_diag *why);

#endif
