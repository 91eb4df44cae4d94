/* One end of a link between processes.  Its device, or the caller. */
#include "chan/mpi/mpi_link.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/memory.h"
#include "chan/mpi/port.h"

/* What is said beside an item, and about one that was taken. */
struct note {
    int64_t virtual_ns;
    int32_t microbatch;
};

/* A way, whichever end of it this is, and its note. */
struct port {
    struct sl_outlet outlet;
    struct sl_inlet inlet;
    struct note note;
};

struct mpi_link {
    struct sl_link link; /* first: a struct sl_link * is cast back */
    const sluice_allocator *allocator; /* const after create */
    struct sl_control *control;        /* const after create */
    struct sl_patience patience;       /* const after create */
    int capacity;                      /* const after create */
    bool produces;                     /* const after create */
    bool abandoned;                    /* in a child of fork() */
    struct port *data;  /* [n_slots] [owner: the device] the items */
    struct port *notes; /* [n_slots] [owner: the device] beside them */
    struct port *room;  /* [capacity] [owner: the device] what was taken; the
                           consumer sends */
    uint32_t n_moved;   /* [owner: the device] items published, or taken, since
                           the ways were empty; may wrap */
    uint32_t n_before;  /* [owner: the device] of them before this job */
    atomic_bool closed; /* [atomic] by any thread */
};

static struct mpi_link *of(struct sl_link *link)
{
    return (struct mpi_link *)link;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Items of this job so far. */
static int32_t number(const struct mpi_link *link)
{
    return (int32_t)(link->n_moved - link->n_before);
}

/* What a device waits for: both of an item, or room. */
struct wait {
    struct mpi_link *link;
    struct port *data;
    struct port *note;
};

static bool is_closed(const struct mpi_link *link)
{
    return atomic_load(&link->closed);
}

static bool has_left(void *state)
{
    struct wait *wait = state;
    return is_closed(wait->link) || (sl_outlet_is_idle(&wait->data->outlet) &&
                                     sl_outlet_is_idle(&wait->note->outlet));
}

static bool has_come(void *state)
{
    struct wait *wait = state;
    return is_closed(wait->link) ||
           (sl_inlet_has_arrived(&wait->note->inlet) &&
            (!wait->data || sl_inlet_has_arrived(&wait->data->inlet)));
}

static sluice_status wait_until(struct mpi_link *link, bool (*ready)(void *),
                                struct port *data, struct port *note)
{
    struct wait wait = {link, data, note};
    sl_control_wait(link->control, link->patience, ready, &wait);
    return is_closed(link) ? SLUICE_CLOSED : SLUICE_OK;
}

/* The slot may still be on its way to the consumer, which has taken it by now:
 * that there is room says so. */
static void *mpi_acquire(struct sl_link *base, int32_t number)
{
    struct mpi_link *link = of(base);
    int slot = number % base->slots.n_slots;
    wait_until(link, has_left, &link->data[slot], &link->notes[slot]);
    return sl_ring_slot(&base->slots, number);
}

static struct port *room_of(struct mpi_link *link, uint32_t n)
{
    return &link->room[n % (uint32_t)link->capacity];
}

static void expect_room(struct port *room)
{
    sl_inlet_post(&room->inlet, &room->note, sizeof room->note);
}

/* Wait for the room that the item `capacity` before has left. */
static sluice_status get_room(struct mpi_link *link, int64_t *virtual_ns)
{
    struct port *room = room_of(link, link->n_moved);
    if (link->n_moved < (uint32_t)link->capacity)
        return SLUICE_OK;
    sluice_status st = wait_until(link, has_come, NULL, room);
    if (st)
        return st;
    if (number(link) >= link->capacity) /* else it is of the job before */
        *virtual_ns = later(*virtual_ns, room->note.virtual_ns);
    sl_inlet_take(&room->inlet);
    expect_room(room);
    return SLUICE_OK;
}

static sluice_status mpi_publish(struct sl_link *base, int32_t microbatch,
                                 int64_t *virtual_ns)
{
    struct mpi_link *link = of(base);
    int slot = number(link) % base->slots.n_slots;
    struct port *data = &link->data[slot], *note = &link->notes[slot];
    int64_t ready_ns = *virtual_ns;
    if (is_closed(link)) /* then acquire may not have waited */
        return SLUICE_CLOSED;
    sluice_status st = get_room(link, virtual_ns);
    if (st)
        return st;
    note->note = (struct note){ready_ns, microbatch};
    sl_outlet_send(&note->outlet, &note->note, sizeof note->note);
    sl_outlet_send(&data->outlet, sl_ring_slot(&base->slots, slot),
                   base->slots.slot_bytes);
    link->n_moved++;
    return SLUICE_OK;
}

static void expect_item(struct mpi_link *link, int slot)
{
    struct port *data = &link->data[slot], *note = &link->notes[slot];
    sl_inlet_post(&note->inlet, &note->note, sizeof note->note);
    sl_inlet_post(&data->inlet, sl_ring_slot(&link->link.slots, slot),
                  link->link.slots.slot_bytes);
}

static sluice_status mpi_take(struct sl_link *base, int32_t microbatch,
                              int64_t *virtual_ns)
{
    struct mpi_link *link = of(base);
    int slot = number(link) % base->slots.n_slots;
    struct port *data = &link->data[slot], *note = &link->notes[slot];
    sluice_status st = wait_until(link, has_come, data, note);
    if (st)
        return st;
    assert(note->note.microbatch == microbatch);
    *virtual_ns = later(*virtual_ns, note->note.virtual_ns);
    sl_inlet_take(&data->inlet);
    sl_inlet_take(&note->inlet);
    struct port *room = room_of(link, link->n_moved);
    st = wait_until(link, has_left, room, room);
    if (st)
        return st;
    room->note = (struct note){*virtual_ns, microbatch};
    sl_outlet_send(&room->outlet, &room->note, sizeof room->note);
    link->n_moved++;
    return SLUICE_OK;
}

static void mpi_release(struct sl_link *base, int32_t number)
{
    struct mpi_link *link = of(base);
    expect_item(link, number % base->slots.n_slots);
}

static void mpi_close(struct sl_link *base)
{
    atomic_store(&of(base)->closed, true);
}

/* All slots are free, whether they were released or not. */
static void mpi_open(struct sl_link *base)
{
    struct mpi_link *link = of(base);
    for (int i = 0; !link->produces && i < base->slots.n_slots; i++)
        expect_item(link, i);
    for (int i = 0; link->produces && i < link->capacity; i++)
        expect_room(&link->room[i]);
    link->n_before = link->n_moved;
    atomic_store(&link->closed, false);
}

static void end_ports(struct port *ports, int n)
{
    for (int i = 0; i < n; i++)
        sl_outlet_end(&ports[i].outlet);
}

static void settle_outlets(struct port *ports, int n,
                           struct sl_control *control)
{
    for (int i = 0; i < n; i++)
        sl_outlet_settle(&ports[i].outlet, control);
}

/* What comes now is not read: notes go where notes go, items into slots that
 * no device reads any more. */
static void settle_notes(struct port *ports, int n, struct sl_control *control)
{
    for (int i = 0; i < n; i++)
        sl_inlet_settle(&ports[i].inlet, &ports[i].note, sizeof ports[i].note,
                        control);
}

static void settle_data(struct mpi_link *link)
{
    const struct sl_ring *slots = &link->link.slots;
    for (int i = 0; i < slots->n_slots; i++)
        sl_inlet_settle(&link->data[i].inlet, sl_ring_slot(slots, i),
                        slots->slot_bytes, link->control);
}

static void mpi_settle(struct sl_link *base)
{
    struct mpi_link *link = of(base);
    int n_slots = base->slots.n_slots;
    if (link->produces) {
        end_ports(link->data, n_slots);
        end_ports(link->notes, n_slots);
        settle_notes(link->room, link->capacity, link->control);
        settle_outlets(link->data, n_slots, link->control);
        settle_outlets(link->notes, n_slots, link->control);
    } else {
        end_ports(link->room, link->capacity);
        settle_data(link);
        settle_notes(link->notes, n_slots, link->control);
        settle_outlets(link->room, link->capacity, link->control);
    }
    link->n_moved = 0;
}

/* There is no lock; what is under way is the parent's. */
static void mpi_abandon(struct sl_link *base)
{
    of(base)->abandoned = true;
}

static void free_link(struct mpi_link *link)
{
    size_t n_slots = (size_t)link->link.slots.n_slots;
    sl_free(link->allocator, link->room, (size_t)link->capacity,
            sizeof *link->room);
    sl_free(link->allocator, link->notes, n_slots, sizeof *link->notes);
    sl_free(link->allocator, link->data, n_slots, sizeof *link->data);
    sl_free(link->allocator, link, 1, sizeof *link);
}

static void cancel_ports(struct port *ports, int n)
{
    for (int i = 0; i < n; i++)
        sl_inlet_cancel(&ports[i].inlet);
}

/* Whatever was sent has been received, or a process is gone. */
static void mpi_destroy(struct sl_link *base)
{
    struct mpi_link *link = of(base);
    if (!link->abandoned) {
        cancel_ports(link->data, base->slots.n_slots);
        cancel_ports(link->notes, base->slots.n_slots);
        cancel_ports(link->room, link->capacity);
    }
    free_link(link);
}

static const struct sl_link_ops mpi_ops = {
    .name = "mpi",
    .rereadable = true, /* each end has all slots */
    .acquire = mpi_acquire,
    .publish = mpi_publish,
    .take = mpi_take,
    .release = mpi_release,
    .close = mpi_close,
    .open = mpi_open,
    .settle = mpi_settle,
    .abandon = mpi_abandon,
    .destroy = mpi_destroy,
};

int sl_mpi_link_n_tags(int n_slots, int capacity)
{
    return n_slots > capacity ? n_slots : capacity;
}

static void init_ports(struct port *ports, int n, struct sl_way way)
{
    for (int i = 0; i < n; i++) {
        ports[i].outlet.way = ports[i].inlet.way = way;
        way.tag++;
    }
}

sluice_status sl_mpi_link_create(const struct sl_mpi_link_config *config,
                                 struct sl_link **out)
{
    const struct sl_link_config *about = &config->link;
    struct mpi_link *link = sl_alloc(about->allocator, 1, sizeof *link);
    if (!link)
        return SLUICE_NO_MEMORY;
    int n_slots = about->slots.n_slots;
    link->link = (struct sl_link){&mpi_ops, about->slots};
    link->allocator = about->allocator;
    link->control = config->control;
    link->patience = about->patience;
    link->capacity = about->capacity;
    link->produces = config->produces;
    link->data =
        sl_alloc(about->allocator, (size_t)n_slots, sizeof *link->data);
    link->notes =
        sl_alloc(about->allocator, (size_t)n_slots, sizeof *link->notes);
    link->room =
        sl_alloc(about->allocator, (size_t)about->capacity, sizeof *link->room);
    if (!link->data || !link->notes || !link->room) {
        free_link(link);
        return SLUICE_NO_MEMORY;
    }
    struct sl_way way = {config->wire, SL_LANE_DATA, config->peer,
                         config->first_tag};
    init_ports(link->data, n_slots, way);
    way.lane = SL_LANE_NOTES;
    init_ports(link->notes, n_slots, way);
    init_ports(link->room, about->capacity, way);
    *out = &link->link;
    return SLUICE_OK;
}
