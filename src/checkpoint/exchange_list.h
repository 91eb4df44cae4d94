/*
 * The tensors of a file in the names and layouts of PyTorch.
 *
 * Threads: the one that owns the pipeline, between steps.
 */
#ifndef SL_CHECKPOINT_EXCHANGE_LIST_H
#define SL_CHECKPOINT_EXCHANGE_LIST_H

#include "checkpoint/outgoing.h"

/*
 * List the parts of every parameter; sl_outgoing_fini() undoes it.  Published
 * names have their prefix; a tied parameter is there by all its names, as in a
 * state_dict.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY.
 */
sluice_status sl_exchange_list(struct sl_outgoing *out,
                               const sluice_pipeline *pipe,
                               const sluice_allocator *allocator,
                               sluice_diag *why);

#endif
