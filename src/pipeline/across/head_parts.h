/*
 * A head that is cut across the devices: S, T, and what joins them.  The board
 * carries what they give each other: pipeline/across/vocabulary_board.h.
 *
 *     S   p = x * transpose(w), then exp(p - largest) / sum;  gives the terms,
 *         p * w, and q * w, q being the target
 *     B,  dx = scale * sum over the parts, in their order, of
 *     I   factor * (p * w) - q * w
 *     T   dw += transpose(scale * (factor * p - q)) * x
 *
 * The loss is taken by the T of the last stage's device.
 *
 * Threads: the device.
 */
#ifndef SL_PIPELINE_ACROSS_HEAD_PARTS_H
#define SL_PIPELINE_ACROSS_HEAD_PARTS_H

#include "pipeline/across/vocabulary_board.h"

/* The part that the device holds with a stage; NULL: none. */
struct sl_head_part *sl_head_part_of(const struct sl_device *device, int stage);

/* F of the last stage: y[rows] is what all devices get. */
void sl_cut_head_keep_output(struct sl_device *device, const struct sl_op *op,
                             const float *y, int64_t rows);

/* B and I of the last stage begin: the gradient by its output, of some of its
 * rows, at their places in dx. */
void sl_cut_head_start_backward(struct sl_device *device,
                                const struct sl_op *op, struct sl_rows rows,
                                float scale, float *dx);

/* S and T.  Return SLUICE_OK, or what the layer or the loss returned. */
sluice_status sl_cut_head_scores(struct sl_device *device,
                                 const struct sl_op *op, sluice_diag *why);
sluice_status sl_cut_head_weight(struct sl_device *device,
                                 const struct sl_op *op, sluice_diag *why);

#endif
