/*
 * An embedding that is cut across the devices by its rows: see
 * blueprint/shards/cut_rows.h.  The board of the pipeline has a member for the
 * gradients that the first stage hands on.
 *
 * Threads: the device.
 */
#ifndef SL_PIPELINE_ACROSS_ROW_PARTS_H
#define SL_PIPELINE_ACROSS_ROW_PARTS_H

#include "pipeline/across/vocabulary_board.h"

/* Whether layers of the operation's stage are told of a cut table: in the first
 * stage, if an embedding is cut. */
static inline bool sl_row_parts_concern(const struct sl_device *device,
                                        const struct sl_op *op)
{
    return op->action.stage == 0 && sl_cuts_rows(device->pipe);
}

/* What they are told in an operation; `dy` is NULL in one of no backward, else
 * it may be written. */
sluice_row_parts sl_row_parts_of(struct sl_device *device,
                                 const struct sl_op *op);

/*
 * A job begins: find rows for a first stage in another process, for all
 * micro-batches of the program.
 */
void sl_row_parts_find(struct sl_device *device,
                       const struct sl_program *program);

/* A step begins. */
void sl_row_parts_begin(struct sl_device *device);

/*
 * Before an S: add to the rows of the device what is there by then.
 *
 * Returns  SLUICE_OK, or SLUICE_CLOSED.
 */
sluice_status sl_row_parts_take(struct sl_device *device,
                                const struct sl_op *op);

/* Behind the list: the rest, and the sum with the gradient of a head whose
 * table it is.  Returns SLUICE_OK, or SLUICE_CLOSED. */
sluice_status sl_row_parts_finish(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why);

#endif
