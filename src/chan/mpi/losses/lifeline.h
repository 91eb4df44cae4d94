/*
 * Lifelines: how a process notices that another one on its machine has ended.
 * MPI does not tell: a message from it would be waited for for ever.  Linux
 * does, by a descriptor of the process (pidfd_open(2)), however it ended.
 *
 * Of processes on other machines, and where the system has no such descriptors,
 * the launcher notices: mpirun, or srun with --kill-on-bad-exit.
 *
 * Threads: one at a time; the control's lock sees to that.
 */
#ifndef SL_CHAN_MPI_LIFELINE_H
#define SL_CHAN_MPI_LIFELINE_H

#include <sluice/memory.h>
#include <sluice/status.h>

#include "chan/mpi/wire.h"

struct sl_lifeline;

/*
 * Of n processes, none of which is watched yet.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_lifeline_create(int n, const sluice_allocator *allocator,
                                 struct sl_lifeline **out);

/*
 * Watch them from now on.  All processes of the wire call it.
 *
 * Blocks   until they have.
 */
void sl_lifeline_introduce(struct sl_lifeline *lifeline, struct sl_wire *wire);

void sl_lifeline_destroy(struct sl_lifeline *lifeline);

/*
 * Look, unless a thread has done so a short time ago.
 *
 * Returns  true if a process has ended, with the sentence in `why`.
 */
bool sl_lifeline_look(struct sl_lifeline *lifeline, sluice_diag *why);

#endif
