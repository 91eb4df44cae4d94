/*
 * A vocabulary that is cut across the devices: S, T, and what joins them.  The
 * board of the pipeline has a member for each place, which posts what its S
 * gives, and one more, which posts the outputs of the last stage.
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

#include "pipeline/pipeline.h"

/* Whether the vocabulary is cut.  Any thread. */
static inline bool sl_cuts_vocabulary(const sluice_pipeline *pipe)
{
    return pipe->blueprint.vocabulary.n_parts > 0;
}

/* Make the board.  Returns SLUICE_OK, SLUICE_NO_MEMORY, SLUICE_SYSTEM.  The
 * thread that creates the pipeline. */
sluice_status sl_cut_head_create_board(sluice_pipeline *pipe);

/* The part that the device holds with a stage; NULL: none. */
struct sl_head_part *sl_head_part_of(const struct sl_device *device, int stage);

/* Whether an operation waits for items of the board; and waiting, see
 * sl_bulletin_await(). */
bool sl_cut_head_waits(const struct sl_device *device, const struct sl_op *op);
sluice_status sl_cut_head_take(struct sl_device *device,
                               const struct sl_op *op);

/* Post what an operation gives to all, if it does. */
void sl_cut_head_post(struct sl_device *device, const struct sl_op *op);

/* F of the last stage: y[rows] is what all devices get. */
void sl_cut_head_keep_output(struct sl_device *device, const struct sl_op *op,
                             const float *y, int64_t rows);

/* B and I of the last stage begin: the gradient by its output. */
void sl_cut_head_start_backward(struct sl_device *device,
                                const struct sl_op *op, int64_t rows,
                                float scale, float *dx);

/* S and T.  Return SLUICE_OK, or what the layer or the loss returned. */
sluice_status sl_cut_head_scores(struct sl_device *device,
                                 const struct sl_op *op, sluice_diag *why);
sluice_status sl_cut_head_weight(struct sl_device *device,
                                 const struct sl_op *op, sluice_diag *why);

/* What the mean loss is divided by, inverted, of the update that a micro-batch
 * goes into; 0 if no term counts. */
float sl_loss_scale(const sluice_pipeline *pipe, int microbatch);

/* The rows of an operation's micro-batch. */
struct sl_rows sl_rows_of(const struct sl_device *device,
                          const struct sl_op *op);

#endif
