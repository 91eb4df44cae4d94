/*
 * The wire: messages between the processes of a world.  wire.c is the one file
 * that includes mpi.h; a build without MPI has without_mpi.c in its place,
 * where sl_wire_create() refuses.
 *
 * A message goes along a lane, with a tag, from one process to another.  Those
 * of the same lane, tag, sender and receiver arrive in the order in which they
 * were sent.  Nothing here waits: a transfer is begun and then looked at.
 * Looking at any transfer also moves the others of the process.
 *
 * An error of MPI breaks the wire: from then on transfers do not end, and
 * sl_wire_is_broken() says so.
 *
 * Threads: any, several at once; a transfer belongs to one at a time.
 */
#ifndef SL_CHAN_MPI_WIRE_H
#define SL_CHAN_MPI_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/status.h>

/* Each is a communicator of its own, so that tags of one kind of message do
 * not meet those of another. */
enum sl_lane {
    SL_LANE_DATA,    /* slots, and parts of arrays */
    SL_LANE_NOTES,   /* what is said beside the data */
    SL_LANE_CONTROL, /* see chan/mpi/control.h */
    SL_LANE_CALLS,   /* what the callers of a pipeline exchange */
    SL_LANE_ASIDE,   /* what goes on beside steps: see chan/mpi/courier.h */
    SL_N_LANES
};

enum { SL_ANY_RANK = -1 };

struct sl_wire;

/* A message under way, in one direction.  Zeros: none. */
struct sl_transfer {
    uint64_t request;
    size_t bytes; /* that were received, once it is done */
    bool under_way;
};

/*
 * Join the processes of a communicator.  All of them call it.
 *
 * `communicator` points to an MPI_Comm, which is duplicated; NULL: that of all
 * processes, and MPI is initialized if it is not yet, and then finalized by
 * destroy().
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY; SLUICE_INVALID if MPI was initialized
 *          without MPI_THREAD_MULTIPLE, or not at all though there is a
 *          communicator, or is finalized; SLUICE_SYSTEM if it refuses;
 *          SLUICE_NOT_FOUND in a build without MPI.  Where MPI could be
 *          reached it is the same in all processes.
 */
sluice_status sl_wire_create(const void *communicator,
                             const sluice_allocator *allocator,
                             struct sl_wire **out, sluice_diag *why);

/*
 * Whether all processes have come so far well, before any of them relies on it.
 * Nothing but the launcher notices if one of them ends meanwhile.
 *
 * Blocks   until all have called it.
 * Returns  SLUICE_OK; the status of the first in their order that has failed,
 *          with its `why` and its number.
 */
sluice_status sl_wire_agree(struct sl_wire *wire, sluice_status st,
                            sluice_diag *why);

/* All processes call it, unless the wire is broken or `alone` says that others
 * are gone: then nothing waits for them.  NULL is allowed. */
void sl_wire_destroy(struct sl_wire *wire, bool alone);

int sl_wire_rank(const struct sl_wire *wire);
int sl_wire_n_ranks(const struct sl_wire *wire);
bool sl_wire_is_broken(const struct sl_wire *wire);

/* The largest message, and how many tags there are. */
size_t sl_wire_most_bytes(void);
int sl_wire_n_tags(const struct sl_wire *wire);

/* Begin to send; the buffer may not change until the transfer is done. */
void sl_wire_send(struct sl_wire *wire, enum sl_lane lane, int to, int tag,
                  const void *buffer, size_t bytes,
                  struct sl_transfer *transfer);

/* Begin to receive up to `bytes`, from a process or SL_ANY_RANK. */
void sl_wire_receive(struct sl_wire *wire, enum sl_lane lane, int from, int tag,
                     void *buffer, size_t bytes, struct sl_transfer *transfer);

/* Whether a transfer is done; one that was never begun is. */
bool sl_wire_done(struct sl_wire *wire, struct sl_transfer *transfer);

/* Note that `bytes` of an item, or of arrays that are added up, were sent;
 * and how many were in all. */
void sl_wire_count(struct sl_wire *wire, size_t bytes);
uint64_t sl_wire_sent_bytes(const struct sl_wire *wire);

/*
 * End a receive that no message has come for: its buffer is free.
 *
 * A message of which a part has come cannot be called off; if its sender has
 * ended, the rest never comes.  This is waited for a short time, and then the
 * wire is broken.
 */
void sl_wire_cancel(struct sl_wire *wire, struct sl_transfer *transfer);

/* Begin to give all processes what `root` has; all call it in the same order.
 */
void sl_wire_broadcast(struct sl_wire *wire, int root, void *buffer,
                       size_t bytes, struct sl_transfer *transfer);

#endif
