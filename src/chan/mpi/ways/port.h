/*
 * Ports: the two ends of a way that messages take from one process to another.
 * Each end has one message under way at a time.
 *
 *     outlet  is idle? -> send
 *     inlet   post -> has arrived? -> take -> post again
 *
 * After a failure messages may be left that no device receives any more.  Then
 * each outlet sends an empty message, and each inlet receives until that has
 * come: the way is empty.  No other message is empty.
 *
 * Threads: one at a time for each port.
 */
#ifndef SL_CHAN_MPI_PORT_H
#define SL_CHAN_MPI_PORT_H

#include <stdbool.h>
#include <stddef.h>

#include "chan/mpi/control.h"
#include "chan/mpi/wire.h"

/* A way, as one of its ends sees it. */
struct sl_way {
    struct sl_wire *wire;
    enum sl_lane lane;
    int peer;
    int tag;
};

struct sl_outlet {
    struct sl_way way;
    struct sl_transfer transfer;
    struct sl_transfer end; /* the empty message */
};

struct sl_inlet {
    struct sl_way way;
    struct sl_transfer transfer;
    bool posted; /* a message may come into the buffer, or has */
};

/* Whether the last message has left its buffer. */
static inline bool sl_outlet_is_idle(struct sl_outlet *outlet)
{
    return sl_wire_done(outlet->way.wire, &outlet->transfer);
}

/* Send `bytes` > 0; the outlet is idle. */
void sl_outlet_send(struct sl_outlet *outlet, const void *buffer, size_t bytes);

/* Let the next message come into `buffer`, unless one may come already. */
void sl_inlet_post(struct sl_inlet *inlet, void *buffer, size_t bytes);

/* Whether a message has come into the buffer.  It stays there, and the answer
 * true, until sl_inlet_take(). */
static inline bool sl_inlet_has_arrived(struct sl_inlet *inlet)
{
    return inlet->posted && sl_wire_done(inlet->way.wire, &inlet->transfer);
}

/* The message that has arrived is read. */
static inline void sl_inlet_take(struct sl_inlet *inlet)
{
    inlet->posted = false;
}

/*
 * Empty the way after a failure; nothing is posted afterwards.  The receiver
 * gives a buffer for the messages that nothing is posted for.  Both ends of a
 * process call sl_outlet_end() for what belongs together before they wait.
 *
 * Threads  the caller's, while no device runs.
 * Blocks   (end) no; (settle) until the other end has done the same, or a
 *          process is gone.
 */
void sl_outlet_end(struct sl_outlet *outlet);
void sl_outlet_settle(struct sl_outlet *outlet, struct sl_control *control);
void sl_inlet_settle(struct sl_inlet *inlet, void *buffer, size_t bytes,
                     struct sl_control *control);

/* No message goes any more: what has been sent is done with, so that MPI keeps
 * nothing of it. */
void sl_outlet_leave(struct sl_outlet *outlet);

/* No message comes any more: end the receive, if one is posted. */
void sl_inlet_cancel(struct sl_inlet *inlet);

#endif
