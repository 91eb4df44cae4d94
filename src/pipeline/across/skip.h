/*
 * Skip connections: what goes from a stage to a later one beside what goes to
 * the next, and its gradient on the way back (blueprint/across/edges.h).
 *
 * An F takes for each pop of its stage and publishes for each stash, after what
 * neighbours hand each other; a B or I the other way round.  A pop's slot is
 * kept until the R of its micro-batch, if there is one: then the layers find it
 * again, while a stash that is recomputed leaves nothing.
 *
 * Threads: the stage's device.
 */
#ifndef SL_PIPELINE_ACROSS_SKIP_H
#define SL_PIPELINE_ACROSS_SKIP_H

#include "pipeline/pipeline.h"

/* Where unit `i` of the operation's stage, an end of an edge, finds or leaves
 * the tensor, or, in its backward, the gradient; NULL if it leaves none. */
float *sl_skip_tensor(struct sl_device *device, const struct sl_op *op, int i,
                      bool backward);

/*
 * Whether the `rows` rows of the tensor or gradient that unit `i`, an end of an
 * edge, has left in `values` may go to another stage.
 *
 * Returns  as sl_check_boundary(); SLUICE_OK if the unit leaves none.
 */
sluice_status sl_skip_check(const struct sl_device *device,
                            const struct sl_op *op, int i, const float *values,
                            int64_t rows, sluice_diag *why);

/*
 * Take what the operation needs of other stages.
 *
 * Blocks, Returns  as sl_link_take().
 */
sluice_status sl_skip_take(struct sl_device *device, const struct sl_op *op);

/* Acquire the slots that it leaves something in, before the devices of a team
 * write there.  The leader. */
void sl_skip_acquire(struct sl_device *device, const struct sl_op *op);

/*
 * Let go of what the operation has read for the last time, and publish what it
 * has made for other stages.
 *
 * Blocks, Returns  as sl_link_publish().
 */
sluice_status sl_skip_publish(struct sl_device *device, const struct sl_op *op);

#endif
