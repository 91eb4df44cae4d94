/*
 * Reading weights in the names and layouts of PyTorch.
 *
 * Threads: the one that owns the pipeline, between steps.
 */
#ifndef SL_CHECKPOINT_EXCHANGE_READ_H
#define SL_CHECKPOINT_EXCHANGE_READ_H

#include <sluice/dataset.h>

#include "checkpoint/exchange.h"
#include "checkpoint/staging.h"

/* Tensors that were passed over, for a word about them. */
struct sl_passed_over {
    int n;
    char name[SLUICE_TENSOR_NAME]; /* of the first */
};

/*
 * Read what this process keeps of every parameter of the pipeline, one at a
 * time.  Names have the prefix of the published
 * ones if any in the file has it.  A tied parameter that the file has twice
 * must be the same twice; counters of batches may be missing.
 *
 * Returns  as sl_staging_read(); SLUICE_INVALID also naming a tensor that is
 * not the same as the one that it is tied to.
 */
sluice_status sl_exchange_read(struct sl_staging *staging,
                               const sluice_pipeline *pipe,
                               sluice_safetensors *file,
                               const sluice_allocator *allocator,
                               struct sl_passed_over *passed, sluice_diag *why);

/* Whether a tensor of the file has a name that begins so. */
bool sl_exchange_has_prefix(const sluice_safetensors *file, const char *prefix);

#endif
