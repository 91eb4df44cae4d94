/*
 * The board of a cut vocabulary, one for each replica: which operation posts
 * what, and which waits for it.  It has a member for each part, which posts
 * what its S gives; one for the outputs of the last stage; and one for the
 * gradients that the first stage hands on, if an embedding is cut.  A board is
 * of one process: what devices of other processes make comes by links
 * (vocabulary_links.h).
 *
 *     S                          waits for the output of the last stage
 *     T, and B and I of the      wait for the S of all parts
 *     last stage
 *     TAKE_ROWS                  waits for the gradients of all micro-batches
 *                                from the first stage (row_parts.h)
 *     F and R of the first       wait for the rows that other processes have
 *     stage                      found
 *
 * An S or T is of one device.  Of what a team makes together, its first device
 * waits and posts.
 *
 * Threads: the device, unless a function says else.
 */
#ifndef SL_PIPELINE_ACROSS_VOCABULARY_BOARD_H
#define SL_PIPELINE_ACROSS_VOCABULARY_BOARD_H

#include "pipeline/pipeline.h"

/* Whether the vocabulary is cut, and whether an embedding is.  Any thread. */
static inline bool sl_cuts_vocabulary(const sluice_pipeline *pipe)
{
    return pipe->blueprint.vocabulary.n_replicas > 0;
}

static inline bool sl_cuts_rows(const sluice_pipeline *pipe)
{
    return sl_cuts_vocabulary(pipe) &&
           pipe->blueprint.vocabulary.heads[0].rows.ops;
}

/*
 * Make that of each replica, if the vocabulary is cut.
 *
 * Threads  the one that creates the pipeline.
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, SLUICE_SYSTEM;
 *          sl_vocabulary_destroy_boards() in each case.
 */
sluice_status sl_vocabulary_create_boards(sluice_pipeline *pipe);
void sl_vocabulary_destroy_boards(sluice_pipeline *pipe);

/* The member that posts gradients of the first stage.  Any thread. */
int sl_vocabulary_row_poster(const sluice_pipeline *pipe);

/* Wait for item `item` of those that the first stage hands on.  Returns as
 * sl_bulletin_await(). */
sluice_status sl_vocabulary_await_rows(struct sl_device *device, int32_t item);

/* As the functions below without `cut`, if the vocabulary is cut. */
bool sl_vocabulary_cut_waits(const struct sl_device *device,
                             const struct sl_op *op);
void sl_vocabulary_cut_posts(struct sl_device *device, const struct sl_op *op);
void sl_vocabulary_cut_acquire(const struct sl_device *device,
                               const struct sl_op *op);

/* Whether an operation waits for items; and waiting, see sl_bulletin_await().
 */
static inline bool sl_vocabulary_waits(const struct sl_device *device,
                                       const struct sl_op *op)
{
    return sl_cuts_vocabulary(device->pipe) &&
           sl_vocabulary_cut_waits(device, op);
}
sluice_status sl_vocabulary_take(struct sl_device *device,
                                 const struct sl_op *op);

/* The leader of a team: wait until they may write what they hand on together.
 */
static inline void sl_vocabulary_acquire(const struct sl_device *device,
                                         const struct sl_op *op)
{
    if (sl_cuts_vocabulary(device->pipe))
        sl_vocabulary_cut_acquire(device, op);
}

/* Post what an operation gives to all, if it does. */
static inline void sl_vocabulary_post(struct sl_device *device,
                                      const struct sl_op *op)
{
    if (sl_cuts_vocabulary(device->pipe))
        sl_vocabulary_cut_posts(device, op);
}

/* The part of the first device that has yet to post what an operation waits
 * for, at this moment; -1: none has.  Any thread. */
int sl_vocabulary_awaited(const struct sl_device *device,
                          const struct sl_op *op);

#endif
