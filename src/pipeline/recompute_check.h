/*
 * Whether a recomputed stage gives what it gave before: a fault of memory or
 * processor in between, and a layer that does not repeat itself, would else
 * train on in silence.  The stage's device.
 */
#ifndef SL_PIPELINE_RECOMPUTE_CHECK_H
#define SL_PIPELINE_RECOMPUTE_CHECK_H

#include "pipeline/pipeline.h"

/* Digests that a pipeline keeps: one for each stage and micro-batch, if the
 * configuration asks for the check; else 0. */
size_t sl_n_digests(const struct sl_blueprint *bp);

/* As below, where digests are kept. */
sluice_status sl_compare_recompute(const struct sl_device *device,
                                   const struct sl_op *op, const float *y,
                                   int64_t n, sluice_diag *why);

/*
 * At an F whose micro-batch is recomputed keep the digest of the stage's output
 * y[n]; at the R compare.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_REPEATED.
 */
static inline sluice_status sl_check_recompute(const struct sl_device *device,
                                               const struct sl_op *op,
                                               const float *y, int64_t n,
                                               sluice_diag *why)
{
    return device->pipe->digests ? sl_compare_recompute(device, op, y, n, why)
                                 : SLUICE_OK;
}

#endif
