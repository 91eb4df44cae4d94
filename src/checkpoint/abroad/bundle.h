/*
 * A bundle: what this process has of a checkpoint that several make together,
 * and in process 0 what is needed to make the file.
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
    bool has_strips;            /* the devices of a team have them */
    int most_runs;              /* of a tensor */
    size_t n_runs;              /* of all tensors: n_tensors * most_runs */
    struct sl_tensor_run *runs; /* [n_tensors][most_runs] by their numbers;
                                   those that a tensor has not are empty */
    float *values;              /* [n_values] the copy; NULL: there is none */
    size_t n_values;
    uint32_t *sums;   /* [n_runs] the checksums of its runs */
    uint32_t *theirs; /* [n_runs] process 0: of another process's */
    float *piece;     /* [SL_BUNDLE_PIECE] process 0: from another process */
    float *whole;     /* [n_whole] process 0: a tensor, if there are strips */
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
 * List the tensors and their runs, in the order of the pipeline, and copy the
 * elements if there is room for it.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FINITE if a parameter has a value that could
 *          not be loaded again.
 */
sluice_status sl_bundle_list(struct sl_bundle *bundle,
                             const sluice_pipeline *pipe, enum sl_held held,
                             sluice_diag *why);

/* The runs of a tensor. */
static inline struct sl_tensor_run *
sl_bundle_runs(const struct sl_bundle *bundle,
               const struct sl_saved_tensor *tensor)
{
    return bundle->runs + tensor->number * (size_t)bundle->most_runs;
}

void sl_bundle_fini(struct sl_bundle *bundle);

#endif
