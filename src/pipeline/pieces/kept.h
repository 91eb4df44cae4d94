/*
 * What this process keeps of a tensor: the elements that its devices have, each
 * once, however many copies there are.
 *
 * Threads: the caller's, while no step, evaluation or inference is under way.
 */
#ifndef SL_PIPELINE_PIECES_KEPT_H
#define SL_PIPELINE_PIECES_KEPT_H

#include <stdbool.h>

#include <sluice/pipeline_state.h>

struct sl_kept {
    int64_t n;     /* elements; 0: nothing of it is here */
    bool is_whole; /* they are all of the tensor, in its order */
};

struct sl_kept sl_kept_of(const sluice_pipeline *pipe,
                          const sluice_state_tensor *tensor);

/* Copy them from the whole tensor to kept[n]. */
void sl_kept_pick(const sluice_pipeline *pipe,
                  const sluice_state_tensor *tensor, const float *whole,
                  float *kept);

/* Copy kept[n] to all berths that they have in this process; cannot fail. */
void sl_kept_put(sluice_pipeline *pipe, const sluice_state_tensor *tensor,
                 const float *kept);

#endif
