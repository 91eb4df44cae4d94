/*
 * Calling the optimizer, once for each parameter tensor of a stage.
 *
 * If it reads a total (sluice_optimizer_ops.measure), each tensor's term is
 * made by one device, that which holds it in the first copy of the first
 * replica; all devices then get all terms, and each adds them up in the order
 * of the model.
 *
 * An update to which no term of the loss belongs changes nothing: the optimizer
 * is not called.
 *
 * Threads: the stage's device.
 */
#ifndef SL_PIPELINE_UPDATE_OPTIMIZE_H
#define SL_PIPELINE_UPDATE_OPTIMIZE_H

#include "pipeline/pipeline.h"

/* MEASURE: what the tensors of the stage add to the total.  Returns SLUICE_OK.
 */
sluice_status sl_optimize_measure(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why);

/*
 * TOTAL: the sum over all tensors of the model, in their order.
 *
 * Blocks   until all devices have come.
 * Returns  SLUICE_OK, or SLUICE_CLOSED if the step has failed.
 */
sluice_status sl_optimize_total(struct sl_device *device,
                                const struct sl_op *op, sluice_diag *why);

/* PREPARE: the optimizer looks at the gradients, and may refuse. */
sluice_status sl_optimize_prepare(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why);

/* Whether a term of the loss belongs to the update. */
bool sl_optimize_has_terms(const struct sl_device *device,
                           const struct sl_op *op);

/* The elements of parameter p of a unit that an update of the device writes;
 * none if this is not the first use in its stage of a tensor of which it holds
 * something.  If it is `learned`, they have the optimizer's states. */
struct sl_chunk sl_optimize_piece(const struct sl_device *device,
                                  const struct sl_stage *stage,
                                  const struct sl_unit *unit, int p,
                                  bool *learned);

/* The optimizer updates one unit, and this its statistics. */
void sl_optimize_unit(struct sl_device *device, const struct sl_op *op,
                      const struct sl_unit *unit);

/* APPLY, ADVANCE: the optimizer updates what is left of the stage.  Returns
 * SLUICE_OK. */
sluice_status sl_optimize_apply(struct sl_device *device,
                                const struct sl_op *op, sluice_diag *why);

#endif
