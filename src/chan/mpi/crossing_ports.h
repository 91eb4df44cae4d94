/*
 * The ports of a collective's members: made, emptied after a failure, and taken
 * down.
 *
 * Threads: the caller's, while no member uses them.
 */
#ifndef SL_CHAN_MPI_CROSSING_PORTS_H
#define SL_CHAN_MPI_CROSSING_PORTS_H

#include "chan/mpi/crossing.h"

struct sl_mpi_collective_config {
    struct sl_collective_config collective;
    const int *processes; /* [n_members] where each member is */
    const int *owners;    /* [n_terms] the member that has each term, if the
                             members have several */
    bool adds_arrays;     /* it is used for more than words */
    struct sl_wire *wire;
    struct sl_control *control;
    int first_tag; /* of sl_crossing_n_tags() */
};

/* Tags that a collective takes of its lanes. */
int sl_crossing_n_tags(int n_members, int n_terms);

/* Returns SLUICE_OK, SLUICE_NO_MEMORY. */
sluice_status sl_crossing_init(struct sl_member_mail *crossing,
                               const struct sl_mpi_collective_config *config);
void sl_crossing_fini(struct sl_member_mail *crossing);

/*
 * Empty all ways after a failure.
 *
 * Blocks   until the other processes do so, or one is gone.
 */
void sl_crossing_settle(struct sl_member_mail *crossing);

#endif
