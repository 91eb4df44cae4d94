/*
 * Saving a pipeline of several processes: process 0 writes the file, tensor by
 * tensor, as it gets them from the processes that hold them.  None of them
 * holds more than its own tensors and a piece of another.
 *
 * Threads: the one that owns the pipeline, between steps, in all processes.
 */
#ifndef SL_CHECKPOINT_ABROAD_GATHERED_H
#define SL_CHECKPOINT_ABROAD_GATHERED_H

#include "checkpoint/outgoing.h"
#include "data/safetensors/metadata.h"

/*
 * Write the tensors, with metadata: the same bytes as those of one process.
 *
 * Blocks   until all processes have called it.
 * Returns  the same in all of them: as sl_safetensors_write();
 *          SLUICE_NOT_FINITE if a parameter has a value that could not be
 *          loaded again; SLUICE_SYSTEM or SLUICE_CLOSED if a process is gone.
 */
sluice_status sl_gathered_save(const sluice_pipeline *pipe, enum sl_held held,
                               struct sl_metadata_pair *metadata,
                               size_t n_metadata, const char *path,
                               sluice_diag *why);

#endif
