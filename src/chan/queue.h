/*
 * A bounded queue from one device to one neighbour.  An item says that a
 * boundary slot has been filled: data changes owner when its item passes.  The
 * slots themselves lie in the consumer's arena, see blueprint/layout.h.
 *
 * Threads: one producer, one consumer; anybody may close.
 */
#ifndef SL_CHAN_QUEUE_H
#define SL_CHAN_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/status.h>

#include "base/gate.h"

struct sl_item {
    int32_t microbatch;
    int64_t ready_ns; /* virtual time at which its slot was filled */
};

/*
 * A place of the ring, on a cache line of its own, so that one transfer between
 * two cores brings the item and the news that it is there.  Items go round the
 * ring; item n has turns 2n and 2n + 1, modulo 2^32.
 */
struct sl_place {
    _Alignas(64) atomic_uint turn; /* [atomic] 2n: room for item n; 2n + 1: it
                                      is there.  The producer's seq_cst store
                                      publishes the item, and the slot it stands
                                      for, to pop(); the consumer's gives the
                                      place back to push() */
    struct sl_item item;           /* [owner: as `turn` says] */
    int64_t taken_ns; /* virtual time at which it was taken [owner: the same] */
};

struct sl_queue {
    const sluice_allocator *allocator; /* const after init */
    uint32_t capacity;                 /* const after init */
    struct sl_patience patience;       /* const after init */
    struct sl_place *places;           /* const after init; places[capacity] */
    atomic_bool closed;                /* [atomic] by anybody; read by both */
    _Alignas(64) uint32_t pushed;      /* [owner: producer] items; may wrap */
    uint32_t push_at;                  /* [owner: producer] the next place */
    _Alignas(64) uint32_t popped;      /* [owner: consumer] items; may wrap */
    uint32_t pop_at;                   /* [owner: consumer] the next place */
    _Alignas(64) struct sl_gate not_empty; /* the consumer waits */
    _Alignas(64) struct sl_gate not_full;  /* the producer waits */
};

/*
 * Prepare an open, empty queue of `capacity` >= 1 items.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, SLUICE_SYSTEM.
 */
sluice_status sl_queue_init(struct sl_queue *queue, int capacity,
                            struct sl_patience patience,
                            const sluice_allocator *allocator);

void sl_queue_fini(struct sl_queue *queue);

/* As sl_gate_abandon(), of both its gates. */
void sl_queue_abandon(struct sl_queue *queue);

/*
 * Wait until there is room, then append `item`.
 *
 * Threads  the producing device only.
 * Blocks   while the queue is full; sl_queue_close() wakes it.
 * Returns  SLUICE_OK, with the virtual time at which the place became free in
 *          `room_ns`; or SLUICE_CLOSED if closed before or during the wait.
 */
sluice_status sl_queue_push(struct sl_queue *queue, struct sl_item item,
                            int64_t *room_ns);

/*
 * Wait until there is an item, then take the oldest one, at the consumer's
 * virtual time `now_ns` or when it is ready, whichever is later.
 *
 * Threads  the consuming device only.
 * Blocks   while the queue is empty; sl_queue_close() wakes it.
 * Returns  SLUICE_OK, or SLUICE_CLOSED if closed before or during the wait,
 *          even if items are left.
 */
sluice_status sl_queue_pop(struct sl_queue *queue, int64_t now_ns,
                           struct sl_item *item);

/* Refuse all further push and pop and wake who waits.  Any thread. */
void sl_queue_close(struct sl_queue *queue);

/*
 * Make the queue open and empty again.
 *
 * Threads  any, while neither side uses it.
 */
void sl_queue_reset(struct sl_queue *queue);

#endif
