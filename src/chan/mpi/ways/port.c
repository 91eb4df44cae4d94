/* Ports.  One thread at a time for each. */
#include "chan/mpi/ways/port.h"

static const struct sl_patience impatient = {.spin_ns = 50 * 1000};

static void begin_send(const struct sl_way *way, const void *buffer,
                       size_t bytes, struct sl_transfer *transfer)
{
    sl_wire_send(way->wire, way->lane, way->peer, way->tag, buffer, bytes,
                 transfer);
}

void sl_outlet_send(struct sl_outlet *outlet, const void *buffer, size_t bytes)
{
    begin_send(&outlet->way, buffer, bytes, &outlet->transfer);
}

void sl_inlet_post(struct sl_inlet *inlet, void *buffer, size_t bytes)
{
    const struct sl_way *way = &inlet->way;
    if (inlet->posted)
        return;
    inlet->posted = true;
    sl_wire_receive(way->wire, way->lane, way->peer, way->tag, buffer, bytes,
                    &inlet->transfer);
}

struct wait {
    struct sl_wire *wire;
    struct sl_transfer *transfer;
    struct sl_control *control;
};

static bool is_done(void *state)
{
    struct wait *wait = state;
    return sl_wire_done(wait->wire, wait->transfer) ||
           sl_control_is_over(wait->control);
}

/* Returns false if a process is gone. */
static bool await(struct sl_wire *wire, struct sl_transfer *transfer,
                  struct sl_control *control)
{
    struct wait wait = {wire, transfer, control};
    sl_control_wait(control, impatient, is_done, &wait);
    return !sl_control_is_over(control);
}

void sl_outlet_end(struct sl_outlet *outlet)
{
    begin_send(&outlet->way, NULL, 0, &outlet->end);
}

void sl_outlet_settle(struct sl_outlet *outlet, struct sl_control *control)
{
    if (await(outlet->way.wire, &outlet->transfer, control))
        await(outlet->way.wire, &outlet->end, control);
}

void sl_inlet_settle(struct sl_inlet *inlet, void *buffer, size_t bytes,
                     struct sl_control *control)
{
    do {
        sl_inlet_post(inlet, buffer, bytes);
        if (!await(inlet->way.wire, &inlet->transfer, control))
            return;
        sl_inlet_take(inlet);
    } while (inlet->transfer.bytes > 0);
}

void sl_outlet_leave(struct sl_outlet *outlet)
{
    (void)sl_wire_done(outlet->way.wire, &outlet->transfer);
    (void)sl_wire_done(outlet->way.wire, &outlet->end);
}

void sl_inlet_cancel(struct sl_inlet *inlet)
{
    sl_wire_cancel(inlet->way.wire, &inlet->transfer);
    inlet->posted = false;
}
