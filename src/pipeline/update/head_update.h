/*
 * Updating a device's rows of the tables of a cut vocabulary, with the first
 * stage of the device.
 *
 * Threads: the device, unless a function says else.
 */
#ifndef SL_PIPELINE_UPDATE_HEAD_UPDATE_H
#define SL_PIPELINE_UPDATE_HEAD_UPDATE_H

#include "pipeline/pipeline.h"

/* Give the device's rows the values with which whole tables start.  Without a
 * cut vocabulary nothing is done. */
void sl_cut_head_start(struct sl_device *device);

/* TABLE_MEASURE: what the device's rows add to the total; as MEASURE of
 * pipeline/update/optimize.h. */
sluice_status sl_cut_head_measure(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why);

/* PREPARE and APPLY of a stage, for the part beside it, if there is one; as
 * those of pipeline/update/optimize.h. */
sluice_status sl_cut_head_prepare(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why);
void sl_cut_head_apply(struct sl_device *device, const struct sl_op *op);

/* The rows of a part have changed: forget what was packed of the old ones. */
void sl_cut_head_forget(struct sl_head_part *part);

/* Which of the tables a parameter of the model is, by its first use; -1 if that
 * is not cut. */
int sl_cut_table_of(const sluice_pipeline *pipe, int layer, int param);

/* Copy a table, its gradient, or a state of it, from all parts of replica 0, or
 * of all replicas if they share it; only parts of this process count.  `state`
 * -1: the table; -2: the gradient.  The caller, between steps. */
void sl_cut_table_get(const sluice_pipeline *pipe, int table, int state,
                      float *values);

/* How many replicas have a piece of it each; 1: replica 0 has all of its part.
 */
int sl_cut_table_n_holders(const sluice_pipeline *pipe, int table, int state);

/* The elements of it that part number `part` of a replica has; *elements NULL:
 * they are in another process. */
struct sl_chunk sl_cut_table_piece(const sluice_pipeline *pipe, int table,
                                   int state, int replica, int part,
                                   float **elements);

#endif
