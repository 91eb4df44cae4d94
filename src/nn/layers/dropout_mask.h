/*
 * Masks of dropout by counter: what is dropped depends on (seed, step, layer,
 * row, element) alone, so that the backward pass and a recomputed forward see
 * the same.
 *
 * Threads: the stage's device.
 */
#ifndef SL_NN_LAYERS_DROPOUT_MASK_H
#define SL_NN_LAYERS_DROPOUT_MASK_H

#include <sluice/layer.h>

/* Elements decided by one number of the counter. */
enum { SL_DROPOUT_BLOCK = 8 };

/* Some elements of a row. */
struct sl_dropout_mask {
    const sluice_layer_call *call;
    int64_t row;         /* of the micro-batch */
    int64_t first_block; /* of the row: the first element divided by
                            SL_DROPOUT_BLOCK */
    int64_t n;           /* elements */
    float rate;          /* 0 <= rate < 1 */
};

/* to = from * mask / (1 - rate), where the mask is 0 with probability `rate`,
 * else 1.  Shapes: from, to [n]; to may be from. */
void sl_dropout_mask_apply(const struct sl_dropout_mask *mask,
                           const float *from, float *to);

#endif
