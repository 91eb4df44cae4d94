/*
 * The order in which the gradients of micro-batches are added, in a few words:
 * two schedules with the same words give the same bits.
 *
 * Threads: any, while the blueprint is constant.
 */
#ifndef SL_CHECKPOINT_SUMMATION_ORDER_H
#define SL_CHECKPOINT_SUMMATION_ORDER_H

#include "blueprint/blueprint.h"

enum { SL_ORDER_TEXT = 64 };

/*
 * "ascending" or "descending" by number of the micro-batch, if that is so on
 * every stage; else a checksum of what the bits depend on: the order of each
 * stage, which micro-batches go through which copy of the model, and the whole
 * schedule with its cut where they decide, as in an asynchronous one or where
 * the weight gradients of several micro-batches are computed in one product.
 */
void sl_summation_order(const struct sl_blueprint *blueprint,
                        char text[SL_ORDER_TEXT]);

#endif
