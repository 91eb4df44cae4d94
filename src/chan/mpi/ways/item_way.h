/*
 * The way of an item from a slot of one process into the slot of the same
 * number in another, with a note beside it: its micro-batch and virtual time.
 *
 * A long item goes straight from slot to slot, and the note is a message of its
 * own.  A short one is copied behind its note, into a parcel, and out of it:
 * one message costs less than the copies.
 *
 *     producer  has left? -> send
 *     consumer  expect -> has come? -> take -> expect again
 *
 * Threads: as chan/mpi/ways/port.h.
 */
#ifndef SL_CHAN_MPI_ITEM_WAY_H
#define SL_CHAN_MPI_ITEM_WAY_H

#include <stdint.h>

#include <sluice/memory.h>

#include "base/slots.h"
#include "chan/mpi/ways/port.h"

/* What is said beside an item, and about one that was taken. */
struct sl_note {
    int64_t virtual_ns;
    int32_t microbatch;
};

/* One of them for each slot, at either end. */
struct sl_item_way {
    void *slot;            /* const after create */
    size_t bytes;          /* const after create: of an item in the slot */
    struct sl_note *packs; /* const after create: the parcel, a note and the
                              item behind it; NULL: two messages */
    struct sl_outlet data_out;
    struct sl_inlet data_in;
    struct sl_outlet note_out; /* unused if it packs, like note_in */
    struct sl_inlet note_in;
    struct sl_note note; /* of the item that was sent, or taken, last */
};

/*
 * Create the ways of all slots of a ring, by tags from `tag` on of two lanes.
 *
 * Returns  an array [slots->n_slots], or NULL if there is no memory.
 */
struct sl_item_way *sl_item_ways_create(struct sl_wire *wire, int peer, int tag,
                                        const struct sl_ring *slots,
                                        const sluice_allocator *allocator);
void sl_item_ways_destroy(struct sl_item_way *ways, int n,
                          const sluice_allocator *allocator);

/* Whether the last item has left the slot. */
bool sl_item_has_left(struct sl_item_way *way);

/* Send the item in the slot, and the note. */
void sl_item_send(struct sl_item_way *way, struct sl_note note);

/* Let the next item come into the slot, unless it may come already. */
void sl_item_expect(struct sl_item_way *way);

/* Whether an item has come with its note; it is in the slot, and the note in
 * `note`, once it is taken. */
bool sl_item_has_come(struct sl_item_way *way);
void sl_item_take(struct sl_item_way *way);

/* Empty the ways after a failure, as chan/mpi/ways/port.h has it. */
void sl_item_ways_end(struct sl_item_way *ways, int n);
void sl_item_ways_settle_sent(struct sl_item_way *ways, int n,
                              struct sl_control *control);
void sl_item_ways_settle_taken(struct sl_item_way *ways, int n,
                               struct sl_control *control);

/* No item comes any more, and none goes. */
void sl_item_ways_cancel(struct sl_item_way *ways, int n);

#endif
