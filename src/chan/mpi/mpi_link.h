/*
 * Links between processes.  An item goes from a slot of the producer into the
 * slot of the same number of the consumer, and a note beside it with its
 * micro-batch and virtual time (chan/mpi/ways/item_way.h).  What the consumer
 * has taken it tells by another note, which gives the producer room, unless the
 * producer knows it by itself: the capacity is that of a link within a process,
 * and so is the order.
 *
 * Each slot has a tag of its own.  The consumer lets the next item come into a
 * slot as soon as it has released it, in whatever order that is.
 *
 * Threads: as chan/link.h; each end is in its own process.
 */
#ifndef SL_CHAN_MPI_MPI_LINK_H
#define SL_CHAN_MPI_MPI_LINK_H

#include "chan/link.h"
#include "chan/mpi/control.h"

struct sl_mpi_link_config {
    struct sl_link_config link; /* slots: this end's own; capacity >= 1 */
    struct sl_wire *wire;
    struct sl_control *control;
    int peer;      /* the process at the other end */
    bool produces; /* this is the producer's end */
    int first_tag; /* of sl_mpi_link_n_tags() */
};

/* Tags that a link takes of its lanes. */
int sl_mpi_link_n_tags(int n_slots, int capacity);

/*
 * Create one end of a link.  It is not open yet.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_mpi_link_create(const struct sl_mpi_link_config *config,
                                 struct sl_link **out);

#endif
