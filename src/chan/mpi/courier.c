/* Couriers; the thread that has one. */
#include "chan/mpi/courier.h"

#include <assert.h>
#include <time.h>

#include "chan/mpi/control.h"
#include "chan/mpi/wire.h"
#include "chan/mpi/world.h"

/* The first pause between two looks, and the longest: a device may want the
 * core. */
enum { PAUSE_NS = 20 * 1000, MOST_NS = 320 * 1000 };

enum { CALLERS = 0 }; /* their tag */

static const struct sl_patience impatient = {.spin_ns = 50 * 1000};

struct sl_courier sl_courier_of_callers(sluice_world *world)
{
    return (struct sl_courier){.world = world, .tag = CALLERS};
}

struct sl_courier sl_courier_next(sluice_world *world)
{
    int n_others = sl_wire_n_tags(sl_world_wire(world)) - 1;
    int number = sl_world_count_courier(world);
    return (struct sl_courier){.world = world, .tag = 1 + number % n_others};
}

struct wait {
    struct sl_wire *wire;
    struct sl_control *control;
    struct sl_transfer *transfer;
};

static bool has_ended(void *state)
{
    const struct wait *wait = state;
    return sl_wire_done(wait->wire, wait->transfer) ||
           sl_control_is_lost(wait->control);
}

/* Wait until a transfer is done.  The callers of a pipeline look all the time,
 * for its devices rest. */
static sluice_status finish(const struct sl_courier *courier,
                            struct sl_transfer *transfer, sluice_diag *why)
{
    struct sl_wire *wire = sl_world_wire(courier->world);
    struct sl_control *control = sl_world_control(courier->world);
    struct timespec pause = {.tv_nsec = PAUSE_NS};
    struct wait wait = {wire, control, transfer};
    if (courier->tag == CALLERS)
        sl_control_wait(control, impatient, has_ended, &wait);
    while (!sl_wire_done(wire, transfer)) {
        if (sl_control_is_lost(control)) {
            sl_wire_cancel(wire, transfer);
            return sl_control_loss(control, why);
        }
        sl_control_look(control);
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < MOST_NS)
            pause.tv_nsec *= 2;
    }
    return SLUICE_OK;
}

sluice_status sl_courier_send(const struct sl_courier *courier, int to,
                              const void *buffer, size_t bytes,
                              sluice_diag *why)
{
    struct sl_control *control = sl_world_control(courier->world);
    struct sl_transfer transfer = {.under_way = false};
    assert(bytes <= sl_wire_most_bytes());
    if (sl_control_is_lost(control))
        return sl_control_loss(control, why);
    sl_wire_send(sl_world_wire(courier->world), SL_LANE_ASIDE, to, courier->tag,
                 buffer, bytes, &transfer);
    return finish(courier, &transfer, why);
}

sluice_status sl_courier_receive(const struct sl_courier *courier, int from,
                                 void *buffer, size_t bytes, sluice_diag *why)
{
    struct sl_control *control = sl_world_control(courier->world);
    struct sl_transfer transfer = {.under_way = false};
    assert(bytes <= sl_wire_most_bytes());
    if (sl_control_is_lost(control))
        return sl_control_loss(control, why);
    sl_wire_receive(sl_world_wire(courier->world), SL_LANE_ASIDE, from,
                    courier->tag, buffer, bytes, &transfer);
    return finish(courier, &transfer, why);
}
