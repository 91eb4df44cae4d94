/*
 * The tensors of a file on their way into a pipeline.  What is read is held
 * until all of it is known to be good: so it is taken over as a whole or not at
 * all.
 *
 * Threads: the one that owns the pipeline, between steps.
 */
#ifndef SL_CHECKPOINT_STAGING_H
#define SL_CHECKPOINT_STAGING_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/dataset.h>
#include <sluice/pipeline_state.h>

#include "checkpoint/outgoing.h"

struct sl_staging {
    const sluice_allocator *allocator;
    float *values; /* [n] what this process keeps of each tensor, in the order
                      of the pipeline's */
    size_t n;
    float *whole; /* [n_whole] room for one of which it keeps pieces */
    size_t n_whole;
};

/*
 * Make room for what this process keeps of the tensors that a pipeline has.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY.
 */
sluice_status sl_staging_init(struct sl_staging *staging,
                              const sluice_pipeline *pipe, enum sl_held held,
                              const sluice_allocator *allocator,
                              sluice_diag *why);

/*
 * Read from a file what this process keeps of the tensors that a pipeline has,
 * one tensor at a time; of SL_HELD_WEIGHTS, states that the file has are passed
 * over.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND naming a tensor that the pipeline has
 *          not; SLUICE_INVALID naming one of another shape, or one that the
 *          file lacks; SLUICE_NOT_FINITE; SLUICE_NO_MEMORY; or what
 *          sluice_safetensors_read() returns.
 */
sluice_status sl_staging_read(struct sl_staging *staging,
                              const sluice_pipeline *pipe, enum sl_held held,
                              sluice_safetensors *file,
                              const sluice_allocator *allocator,
                              sluice_diag *why);

/* Take over what was read. */
void sl_staging_apply(const struct sl_staging *staging, sluice_pipeline *pipe,
                      enum sl_held held);

void sl_staging_fini(struct sl_staging *staging);

#endif
