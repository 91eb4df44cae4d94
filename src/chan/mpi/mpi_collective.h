/*
 * Collectives whose members are in several processes.  The members of one
 * process meet as in chan/collective.c; the first of them, the leader, then
 * meets the leaders of the other processes.
 *
 *     sum    each member receives its chunk of every term that lies in another
 *            process, a piece at a time, and adds all terms in their order;
 *            then each sends its chunk to all members elsewhere.  Every number
 *            is added up once, by one member, in a fixed order
 *     agree  the leaders vote (chan/mpi/control.h)
 *
 * Threads: as chan/collective.h.
 */
#ifndef SL_CHAN_MPI_MPI_COLLECTIVE_H
#define SL_CHAN_MPI_MPI_COLLECTIVE_H

#include "chan/collective.h"
#include "chan/mpi/control.h"
#include "chan/mpi/crossing_ports.h"

/*
 * Create a collective, of which at least one member is in this process and one
 * in another.  It is closed.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, SLUICE_SYSTEM.
 */
sluice_status
sl_mpi_collective_create(const struct sl_mpi_collective_config *config,
                         struct sl_collective **out);

/* What the collective does about the verdict of an epoch: it commits, or its
 * failure latches. */
struct sl_control_hooks sl_mpi_collective_hooks(struct sl_collective *base);

#endif
