/*
 * The parameters of the layers that a decoder runs in this process: each is
 * read where a device has all of it, and else copied together from where its
 * elements lie, in this process or in others.
 *
 * Threads: the caller's, while no step is under way.
 */
#ifndef SL_PIPELINE_DECODE_DECODED_WEIGHTS_H
#define SL_PIPELINE_DECODE_DECODED_WEIGHTS_H

#include "pipeline/pipeline.h"

/* Parameters are numbered in the order of the layers, and each use of a tied
 * one has a number. */
struct sl_decoded_weights {
    const sluice_allocator *allocator; /* const after init */
    const sluice_pipeline *pipe;       /* const after init */
    const sluice_model *model;         /* const after init: for one position */
    size_t n;                          /* const after init */
    size_t *firsts;       /* [n] const after init: the number of the first use
                             of the same tensor */
    const float **params; /* [n] NULL: of a layer that is run elsewhere */
    float **copies;       /* [n] of the tensors whose first use it is; NULL:
                             needs none */
};

/*
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY, with nothing to be freed.
 */
sluice_status sl_decoded_weights_init(struct sl_decoded_weights *weights,
                                      const sluice_pipeline *pipe,
                                      const sluice_model *model,
                                      sluice_diag *why);
void sl_decoded_weights_fini(struct sl_decoded_weights *weights);

/*
 * Make room for the copies of what the runners of layers need in this process,
 * and free the others.
 *
 * Shapes   runners[layers]
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_decoded_weights_make_room(struct sl_decoded_weights *weights,
                                           const int *runners,
                                           sluice_diag *why);

/*
 * Set `params`; fill the copies, in all processes, which have made room.
 *
 * Blocks   until this process has what it needs, and the others have what it
 *          sends them, or one is lost.
 * Returns  SLUICE_OK, or why a process is lost.
 */
sluice_status sl_decoded_weights_find(struct sl_decoded_weights *weights,
                                      const int *runners, sluice_diag *why);

#endif
