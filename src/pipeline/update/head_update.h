/*
 * Updating a part of a cut vocabulary, with the first stage of its device.
 *
 * Threads: the device, unless a function says else.
 */
#ifndef SL_PIPELINE_UPDATE_HEAD_UPDATE_H
#define SL_PIPELINE_UPDATE_HEAD_UPDATE_H

#include "pipeline/pipeline.h"

/* How the part's weights start: as the rows of the whole table do.  Returns
 * SLUICE_OK, SLUICE_NO_MEMORY.  The thread that creates the pipeline. */
sluice_status sl_cut_head_start(sluice_pipeline *pipe, sluice_diag *why);

/* MEASURE, PREPARE and APPLY of a stage, for the part beside it, if there is
 * one; as those of pipeline/update/optimize.h. */
void sl_cut_head_measure(struct sl_device *device, const struct sl_op *op);
sluice_status sl_cut_head_prepare(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why);
void sl_cut_head_apply(struct sl_device *device, const struct sl_op *op);

/* Copy the whole layer's parameter, its gradient, or a state of it, from all
 * parts, or to them.  `state` -1: the parameter; -2: the gradient.  The caller,
 * between steps. */
void sl_cut_head_get(const sluice_pipeline *pipe, int state, float *values);
void sl_cut_head_put(sluice_pipeline *pipe, int state, const float *values);

#endif
