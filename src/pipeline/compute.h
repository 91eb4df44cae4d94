/*
 * The arithmetic of one action: a stage's layers over one micro-batch, from
 * slot to slot.  It neither waits nor reads clocks.
 *
 * Threads: the stage's device.
 */
#ifndef SL_PIPELINE_COMPUTE_H
#define SL_PIPELINE_COMPUTE_H

#include "pipeline/pipeline.h"

/*
 * F and R: the stage's input becomes its output; the last stage's F also takes
 * the loss.
 *
 * Returns  SLUICE_OK, or what a layer or the loss returned, its sentence in
 *          `why`.
 */
sluice_status sl_compute_forward(struct sl_device *device,
                                 const struct sl_op *op, sluice_diag *why);

/* B: input gradient and weight gradient, layer by layer from the last. */
sluice_status sl_compute_backward(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why);

/* I: input gradients only; leaves each layer's dy for W. */
sluice_status sl_compute_input(struct sl_device *device, const struct sl_op *op,
                               sluice_diag *why);

/* W: weight gradients only. */
sluice_status sl_compute_weight(struct sl_device *device,
                                const struct sl_op *op, sluice_diag *why);

#endif
