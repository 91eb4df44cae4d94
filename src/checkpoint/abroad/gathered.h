/*
 * Saving a pipeline, of one process or of several: process 0 writes the file,
 * tensor by tensor, as it gets them from the processes that hold them.  None of
 * them holds more than its own tensors and a piece of another, or one tensor
 * that is put together: the devices of a team have strips of it, or PyTorch's
 * layout has its elements in another order.
 *
 * All of it goes by a courier (chan/mpi/courier.h), and so also beside
 * training, if each process has a copy of what it holds.
 */
#ifndef SL_CHECKPOINT_ABROAD_GATHERED_H
#define SL_CHECKPOINT_ABROAD_GATHERED_H

#include "chan/mpi/courier.h"
#include "checkpoint/abroad/bundle.h"
#include "data/safetensors/metadata.h"

/*
 * Work out the checksums of a bundle that was listed and checked by
 * sl_header_check(), and tell them to process 0.
 *
 * Threads  one in each process, which has the courier.
 * Blocks   until process 0 has all, or a process is lost.
 * Returns  SLUICE_OK; SLUICE_SYSTEM if a process is lost.
 */
sluice_status sl_gathered_sum(struct sl_bundle *bundle,
                              const struct sl_courier *courier,
                              sluice_diag *why);

/*
 * Write the file, once it has its sums: the same bytes as those of one process.
 *
 * Threads  as sl_gathered_sum().
 * Blocks   until it is written, or a process is lost.
 * Returns  the same in all of them, unless one is lost: as
 *          sl_safetensors_write(); SLUICE_SYSTEM if a process is lost.
 */
sluice_status sl_gathered_write(struct sl_bundle *bundle,
                                const struct sl_courier *courier,
                                const char *path, sluice_diag *why);

/*
 * All of it at once, of what the pipeline has, with metadata.
 *
 * Threads  the caller's, between steps, in all processes.
 * Blocks   until all processes have called it.
 * Returns  the same in all of them: as sl_gathered_write();
 *          SLUICE_NOT_FINITE if a parameter has a value that could not be
 *          loaded again; SLUICE_NO_MEMORY; SLUICE_CLOSED if a process is gone.
 */
sluice_status sl_gathered_save(const sluice_pipeline *pipe, enum sl_held held,
                               struct sl_metadata_pair *metadata,
                               size_t n_metadata, const char *path,
                               sluice_diag *why);

#endif
