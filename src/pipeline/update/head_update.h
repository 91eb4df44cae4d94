/*
 * Updating a device's rows of the tables of a cut vocabulary, with the first
 * stage of the device.
 *
 * Threads: the device, unless a function says else.
 */
#ifndef SL_PIPELINE_UPDATE_HEAD_UPDATE_H
#define SL_PIPELINE_UPDATE_HEAD_UPDATE_H

#include "pipeline/pipeline.h"

/* How the tables start: as whole ones do.  Returns
 * SLUICE_OK, SLUICE_NO_MEMORY.  The thread that creates the pipeline. */
sluice_status sl_cut_head_start(sluice_pipeline *pipe, sluice_diag *why);

/* MEASURE, PREPARE and APPLY of a stage, for the part beside it, if there is
 * one; as those of pipeline/update/optimize.h. */
void sl_cut_head_measure(struct sl_device *device, const struct sl_op *op);
sluice_status sl_cut_head_prepare(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why);
void sl_cut_head_apply(struct sl_device *device, const struct sl_op *op);

/* Which of the tables a parameter of the model is, by its first use; -1 if that
 * is not cut. */
int sl_cut_table_of(const sluice_pipeline *pipe, int layer, int param);

/* Copy a table, its gradient, or a state of it, from all parts of replica 0, or
 * to those of all replicas; only parts of this process count.  `state` -1: the
 * table; -2: the gradient.  The caller, between steps. */
void sl_cut_table_get(const sluice_pipeline *pipe, int table, int state,
                      float *values);
void sl_cut_table_put(sluice_pipeline *pipe, int table, int state,
                      const float *values);

/* The elements of it that part number `part` of replica 0 has; *elements NULL:
 * they are in another process. */
struct sl_chunk sl_cut_table_piece(const sluice_pipeline *pipe, int table,
                                   int state, int part, const float **elements);

#endif
