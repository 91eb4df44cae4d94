/*
 * A link: a boundary between two neighbouring stages, in one direction.  What
 * leaves a stage leaves through a link; data changes owner by nothing else.
 *
 * Items have the size of a slot and are numbered from 0 in each job, in the
 * same order at both ends.  An item's way:
 *
 *     producer  sl_link_acquire() -> writes into the slot -> sl_link_publish()
 *     consumer  sl_link_take() -> reads the slot, as often as it likes ->
 *               sl_link_release()
 *
 * sl_link_slot() finds an item again, at either end: for the consumer from take
 * to release, for the producer until publish -- and after it until it acquires
 * the same slot anew, if the link is `rereadable`.  That a slot is free when
 * its turn comes follows from the order of actions and the capacity: see
 * blueprint/ring.h, which settles the number of slots.
 *
 * Each end has a virtual time.  An item is ready at the producer's time of its
 * publication; the room for it appears at the consumer's time when it takes the
 * item `capacity` before.  Publish and take move the caller's time on to that.
 *
 * Threads: one producer, one consumer; any thread may close.
 */
#ifndef SL_CHAN_LINK_H
#define SL_CHAN_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/status.h>

#include "base/gate.h"
#include "base/slots.h"

struct sl_link;

/* Two orders in which items move: each job has one of them. */
enum sl_traffic {
    SL_TRAINING,
    SL_FORWARD, /* one way only */
    SL_N_TRAFFICS,
};

/*
 * A kind of link.  The functions are those declared below; the function that
 * creates one fills a struct sl_link at the beginning of its own.  A kind that
 * is not rereadable needs a second copy, for which the layout has no room yet.
 */
struct sl_link_ops {
    const char *name;
    bool rereadable; /* the producer may read what it has published */
    void *(*acquire)(struct sl_link *link, int32_t number);
    sluice_status (*publish)(struct sl_link *link, int32_t microbatch,
                             int64_t *virtual_ns);
    sluice_status (*take)(struct sl_link *link, int32_t microbatch,
                          int64_t *virtual_ns);
    void (*release)(struct sl_link *link, int32_t number); /* NULL: no side is
                                                              to be told */
    void (*close)(struct sl_link *link);
    void (*open)(struct sl_link *link, enum sl_traffic traffic);
    void (*settle)(struct sl_link *link); /* NULL: nothing is on its way */
    void (*abandon)(struct sl_link *link);
    void (*destroy)(struct sl_link *link);
};

struct sl_link {
    const struct sl_link_ops *ops; /* const after create */
    struct sl_ring slots;          /* const after create: at this end */
};

struct sl_link_config {
    struct sl_ring slots; /* in the consumer's arena */
    int capacity;         /* items published and not yet taken, at most; 0: one
                             device is both ends, and its order of actions is
                             all the synchronization that there is */
    struct sl_patience patience;
    const sluice_allocator *allocator;
    /* Whenever the producer has an item ready, what it took from the consumer
     * before shows that there is room for it: it need not be told. */
    bool room_known[SL_N_TRAFFICS];
};

/*
 * Create an open link between two devices, or stages of one device, in this
 * process.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, SLUICE_SYSTEM.
 */
sluice_status sl_link_create(const struct sl_link_config *config,
                             struct sl_link **out);

/* No thread may be using it; NULL is allowed. */
static inline void sl_link_destroy(struct sl_link *link)
{
    if (link)
        link->ops->destroy(link);
}

/* As sl_gate_abandon(), of whatever the ends wait at. */
static inline void sl_link_abandon(struct sl_link *link)
{
    link->ops->abandon(link);
}

/* Where item `number` lies, as long as this end may touch it: see above. */
static inline void *sl_link_slot(const struct sl_link *link, int32_t number)
{
    return sl_ring_slot(&link->slots, number);
}

/*
 * The slot that the producer fills with item `number`.  It may be asked for
 * again until the item is published.
 *
 * Threads  the producing device only.
 */
static inline void *sl_link_acquire(struct sl_link *link, int32_t number)
{
    return link->ops->acquire(link, number);
}

/*
 * Hand the item acquired last, of `microbatch`, over to the consumer.
 *
 * Threads  the producing device only; *virtual_ns is its time.
 * Blocks   while `capacity` items are there that were not taken; closing the
 *          link wakes it.
 * Returns  SLUICE_OK, or SLUICE_CLOSED if closed before or during the wait.
 */
static inline sluice_status
sl_link_publish(struct sl_link *link, int32_t microbatch, int64_t *virtual_ns)
{
    return link->ops->publish(link, microbatch, virtual_ns);
}

/*
 * Wait for the next item and take it.  Both ends count the same micro-batches
 * (the verifier's rule `handoff`): that it is of `microbatch` is asserted.
 *
 * Threads  the consuming device only; *virtual_ns is its time.
 * Blocks   until an item is there; closing the link wakes it.
 * Returns  SLUICE_OK, or SLUICE_CLOSED if closed before or during the wait,
 *          even if items are left.
 */
static inline sluice_status
sl_link_take(struct sl_link *link, int32_t microbatch, int64_t *virtual_ns)
{
    return link->ops->take(link, microbatch, virtual_ns);
}

/*
 * The consumer has read item `number` for the last time.
 *
 * Threads  the consuming device only.
 */
static inline void sl_link_release(struct sl_link *link, int32_t number)
{
    if (link->ops->release)
        link->ops->release(link, number);
}

/* Refuse all further publish and take and wake who waits.  Any thread. */
static inline void sl_link_close(struct sl_link *link)
{
    link->ops->close(link);
}

/*
 * After a failure: whatever is on its way between two processes arrives, and is
 * dropped.  Both ends do so, for all links and collectives in the same order,
 * before the link is opened again.
 *
 * Threads  the caller's, while neither end uses it.
 * Blocks   until the other end settles, too, or its process is gone.
 */
static inline void sl_link_settle(struct sl_link *link)
{
    if (link->ops->settle)
        link->ops->settle(link);
}

/*
 * Make the link open and empty, its items numbered from 0 again, for a job of
 * such traffic.
 *
 * Threads  any, while neither end uses it.
 */
static inline void sl_link_open(struct sl_link *link, enum sl_traffic traffic)
{
    link->ops->open(link, traffic);
}

#endif
