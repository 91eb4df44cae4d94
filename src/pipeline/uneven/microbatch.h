/*
 * A micro-batch of the job under way: its rows, and its part of the loss.
 *
 * Threads: the device.
 */
#ifndef SL_PIPELINE_UNEVEN_MICROBATCH_H
#define SL_PIPELINE_UNEVEN_MICROBATCH_H

#include "base/split.h"
#include "pipeline/pipeline.h"

/* Find out how the rows of the job under way are spread; it has just begun. */
void sl_spread_job(struct sl_device *device);

/* The rows of an operation's micro-batch. */
static inline struct sl_rows sl_rows_of(const struct sl_device *device,
                                        const struct sl_op *op)
{
    return sl_spread_rows(&device->spread, op->action.microbatch);
}

/* What the mean loss is divided by, inverted, of the update that a micro-batch
 * goes into; 0 if no term counts. */
float sl_loss_scale(const sluice_pipeline *pipe, int microbatch);

#endif
