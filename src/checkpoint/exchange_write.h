/*
 * Writing weights in the names and layouts of PyTorch.
 *
 * Threads: the one that owns the pipeline, between steps.
 */
#ifndef SL_CHECKPOINT_EXCHANGE_WRITE_H
#define SL_CHECKPOINT_EXCHANGE_WRITE_H

#include "checkpoint/exchange.h"
#include "data/safetensors/metadata.h"

/*
 * Write every parameter of the pipeline, with metadata.  Published names have
 * their prefix; a tied parameter is there by all its names, as in a state_dict.
 *
 * Returns  as sl_staging_save().
 */
sluice_status sl_exchange_save(const sluice_pipeline *pipe,
                               struct sl_metadata_pair *metadata,
                               size_t n_metadata, const char *path,
                               sluice_diag *why);

#endif
