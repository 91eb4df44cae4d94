/*
 * The clocks of all processes, compared.
 *
 * Threads: the caller of a pipeline.
 */
#ifndef SL_CHAN_MPI_CALLERS_ALIGNMENT_H
#define SL_CHAN_MPI_CALLERS_ALIGNMENT_H

#include <stdint.h>

#include <sluice/world.h>

/*
 * Compare the clocks of all processes by messages to and fro: offsets[r], added
 * to a time of process r, makes it one of process 0, at most `*error_ns` wrong,
 * which is half of the shortest round trip to the process that is farthest.
 *
 * Blocks   until all have called it, or one is gone.
 * Returns  as sl_world_broadcast() of chan/mpi/world.h.
 */
sluice_status sl_world_align(sluice_world *world, int64_t *offsets,
                             int64_t *error_ns, sluice_diag *why);

#endif
