/*
 * A bundle: what this process has of a file that all processes make together,
 * and in process 0 what is needed to make it.  One process alone is process 0.
 *
 * Threads: init and list on the caller's, between steps; else one at a time,
 * wherever the elements stay as they are.
 */
#ifndef SL_CHECKPOINT_ABROAD_BUNDLE_H
#define SL_CHECKPOINT_ABROAD_BUNDLE_H

#include "checkpoint/outgoing.h"
#include "pipeline/pieces/tensor_run.h"

enum { SL_BUNDLE_PIECE = 1 << 18 }; /* elements of a message, at most */

struct sl_bundle {
    const sluice_allocator *allocator;
    struct sl_outgoing out; /* names and shapes; the caller adds metadata */
    int rank;
    int n_ranks;
    bool joins;    /* process 0 puts each tensor together: the devices of a team
                      have strips, or PyTorch's layout has another order */
    int most_runs; /* of a tensor */
    size_t n_tensors;           /* the pipeline's that are saved */
    size_t n_runs;              /* of all of them: n_tensors * most_runs */
    struct sl_tensor_run *runs; /* [n_tensors][most_runs] in the pipeline's
                                   order; those that one has not are empty */
    float *values;              /* [n_values] the copy; NULL: there is none */
    size_t n_values;
    uint32_t *sums;   /* [n_runs] the checksums of its runs */
    uint32_t *theirs; /* [n_theirs] process 0: of another process's */
    size_t n_theirs;
    float *piece; /* [n_piece] process 0: from another process, or of
                     PyTorch's order */
    size_t n_piece;
    float *whole; /* [n_whole] process 0: a tensor that does not lie there */
    size_t n_whole;
};

/*
 * Make room; `copies` says whether also for a copy of what is held here.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY.
 */
sluice_status sl_bundle_init(struct sl_bundle *bundle,
                             const sluice_pipeline *pipe, enum sl_held held,
                             bool copies, const sluice_allocator *allocator,
                             sluice_diag *why);

/*
 * List the runs of the tensors, and copy the elements if there is room for it.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FINITE if a parameter has a value that could
 *          not be loaded again.
 */
sluice_status sl_bundle_list(struct sl_bundle *bundle,
                             const sluice_pipeline *pipe, enum sl_held held,
                             sluice_diag *why);

/* The runs of a tensor, or of the one that it is part of. */
static inline struct sl_tensor_run *
sl_bundle_runs(const struct sl_bundle *bundle,
               const struct sl_saved_tensor *tensor)
{
    return bundle->runs +
           sl_outgoing_source(&bundle->out, tensor) * (size_t)bundle->most_runs;
}

/* Where all elements of a tensor lie in this process, as they do in the tensor:
 * one of its runs has them all.  NULL: they do not. */
const float *sl_bundle_whole(const struct sl_bundle *bundle,
                             const struct sl_tensor_run *runs);

void sl_bundle_fini(struct sl_bundle *bundle);

#endif
