/*
 * Packing weights while the first input is on its way.  A product packs the
 * weights that it reads if no copy is left from before the update: a device
 * that waits for the activations of a stage's first F, or for the gradient of
 * its first backward, does this while it waits.
 *
 * Threads: the stage's device.
 */
#ifndef SL_PIPELINE_PACKING_H
#define SL_PIPELINE_PACKING_H

#include "pipeline/pipeline.h"

/*
 * Pack what the stage's products of the kind, forward or input, read; in the
 * last stage of a training, of both kinds before its first forward.  On the
 * virtual clock it is work; on the wall it is part of the wait that follows.
 * What cannot be packed is left to the run of the product, which says why.
 */
void sl_pack_ahead(struct sl_device *device, const struct sl_op *op,
                   enum sl_gemm_kind kind);

#endif
