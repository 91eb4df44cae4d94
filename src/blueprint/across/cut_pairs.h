/*
 * What two layers of a model take less if one stage has both: the slots of a
 * skip connection, and the second copy of a tied tensor.  For a cut by bytes.
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_ACROSS_CUT_PAIRS_H
#define SL_BLUEPRINT_ACROSS_CUT_PAIRS_H

#include <sluice/model.h>

#include "part/part.h"

struct sl_cut_pairs {
    const sluice_allocator *allocator;
    int n_layers;
    int n;
    struct sl_part_pair *pairs; /* [n], by their second layers */
    int *pairs_of;              /* [n_layers + 1] */
};

/*
 * Find the pairs, in bytes.  `fixed` of a skip connection is what its two ends
 * have together, half each, for `rows` rows; `scaled` of a tie is the second
 * use's weights, whose gradient stays, and so is subtracted from `fixed`.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY; sl_cut_pairs_fini() in both cases.
 */
sluice_status sl_cut_pairs_init(struct sl_cut_pairs *pairs,
                                const sluice_model *model, double rows,
                                const sluice_allocator *allocator);
void sl_cut_pairs_fini(struct sl_cut_pairs *pairs);

/* Bytes of a skip connection at one of its ends: tensors on their way to it, of
 * `rows` rows; 0 for a layer that is no end. */
double sl_skip_end_bytes(const sluice_layer_plan *plan, double rows);

#endif
