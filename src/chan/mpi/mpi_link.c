/* One end of a link between processes.  Its device, or the caller. */
#include "chan/mpi/mpi_link.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/memory.h"
#include "chan/mpi/ways/item_way.h"

/* What the consumer tells about an item that it has taken. */
struct room {
    struct sl_outlet outlet;
    struct sl_inlet inlet;
    struct sl_note note;
};

struct mpi_link {
    struct sl_link link; /* first: a struct sl_link * is cast back */
    const sluice_allocator *allocator; /* const after create */
    struct sl_control *control;        /* const after create */
    struct sl_patience patience;       /* const after create */
    int capacity;                      /* const after create */
    bool produces;                     /* const after create */
    bool room_known[SL_N_TRAFFICS];    /* const after create */
    bool abandoned;                    /* in a child of fork() */
    struct sl_item_way *items;         /* [n_slots] [owner: the device] */
    struct room *room;  /* [capacity] [owner: the device] what was taken; the
                           consumer sends */
    bool tells_room;    /* [owner: the caller, between jobs] in this job */
    int32_t n_moved;    /* [owner: the device] items published, or taken, in
                           this job */
    uint32_t n_told;    /* [owner: the device] of them in all jobs that tell
                           room since the ways were empty; may wrap */
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

/* What a device waits for: an item, or room. */
struct wait {
    struct mpi_link *link;
    struct sl_item_way *item;
    struct room *room;
};

static bool is_closed(const struct mpi_link *link)
{
    return atomic_load(&link->closed);
}

static bool item_has_left(void *state)
{
    struct wait *wait = state;
    return is_closed(wait->link) || sl_item_has_left(wait->item);
}

static bool item_has_come(void *state)
{
    struct wait *wait = state;
    return is_closed(wait->link) || sl_item_has_come(wait->item);
}

static bool room_has_left(void *state)
{
    struct wait *wait = state;
    return is_closed(wait->link) || sl_outlet_is_idle(&wait->room->outlet);
}

static bool room_has_come(void *state)
{
    struct wait *wait = state;
    return is_closed(wait->link) || sl_inlet_has_arrived(&wait->room->inlet);
}

static sluice_status wait_until(bool (*ready)(void *), struct wait wait)
{
    struct mpi_link *link = wait.link;
    sl_control_wait(link->control, link->patience, ready, &wait);
    return is_closed(link) ? SLUICE_CLOSED : SLUICE_OK;
}

static struct sl_item_way *item_of(struct mpi_link *link, int32_t number)
{
    return &link->items[number % link->link.slots.n_slots];
}

/* The slot may still be on its way to the consumer, which has taken it by now:
 * that there is room says so. */
static void *mpi_acquire(struct sl_link *base, int32_t number)
{
    struct mpi_link *link = of(base);
    wait_until(item_has_left, (struct wait){link, item_of(link, number), NULL});
    return sl_ring_slot(&base->slots, number);
}

static struct room *room_of(struct mpi_link *link, uint32_t n)
{
    return &link->room[n % (uint32_t)link->capacity];
}

static void expect_room(struct room *room)
{
    sl_inlet_post(&room->inlet, &room->note, sizeof room->note);
}

/* Wait for the room that the item `capacity` before has left. */
static sluice_status get_room(struct mpi_link *link, int64_t *virtual_ns)
{
    struct room *room = room_of(link, link->n_told);
    if (!link->tells_room)
        return SLUICE_OK;
    if (link->n_told++ < (uint32_t)link->capacity)
        return SLUICE_OK;
    sluice_status st =
        wait_until(room_has_come, (struct wait){link, NULL, room});
    if (st)
        return st;
    if (link->n_moved >= link->capacity) /* else it is of a job before */
        *virtual_ns = later(*virtual_ns, room->note.virtual_ns);
    sl_inlet_take(&room->inlet);
    expect_room(room);
    return SLUICE_OK;
}

static sluice_status mpi_publish(struct sl_link *base, int32_t microbatch,
                                 int64_t *virtual_ns)
{
    struct mpi_link *link = of(base);
    const struct sl_note note = {*virtual_ns, microbatch};
    if (is_closed(link)) /* then acquire may not have waited */
        return SLUICE_CLOSED;
    sluice_status st = get_room(link, virtual_ns);
    if (st)
        return st;
    sl_item_send(item_of(link, link->n_moved), note);
    link->n_moved++;
    return SLUICE_OK;
}

static sluice_status tell_room(struct mpi_link *link, struct sl_note note)
{
    struct room *room = room_of(link, link->n_told);
    if (!link->tells_room)
        return SLUICE_OK;
    sluice_status st =
        wait_until(room_has_left, (struct wait){link, NULL, room});
    if (st)
        return st;
    room->note = note;
    sl_outlet_send(&room->outlet, &room->note, sizeof room->note);
    link->n_told++;
    return SLUICE_OK;
}

static sluice_status mpi_take(struct sl_link *base, int32_t microbatch,
                              int64_t *virtual_ns)
{
    struct mpi_link *link = of(base);
    struct sl_item_way *item = item_of(link, link->n_moved);
    sluice_status st =
        wait_until(item_has_come, (struct wait){link, item, NULL});
    if (st)
        return st;
    sl_item_take(item);
    assert(item->note.microbatch == microbatch);
    *virtual_ns = later(*virtual_ns, item->note.virtual_ns);
    st = tell_room(link, (struct sl_note){*virtual_ns, microbatch});
    if (!st)
        link->n_moved++;
    return st;
}

static void mpi_release(struct sl_link *base, int32_t number)
{
    sl_item_expect(item_of(of(base), number));
}

static void mpi_close(struct sl_link *base)
{
    atomic_store(&of(base)->closed, true);
}

/* All slots are free, whether they were released or not. */
static void mpi_open(struct sl_link *base, enum sl_traffic traffic)
{
    struct mpi_link *link = of(base);
    for (int i = 0; !link->produces && i < base->slots.n_slots; i++)
        sl_item_expect(&link->items[i]);
    for (int i = 0; link->produces && i < link->capacity; i++)
        expect_room(&link->room[i]);
    link->tells_room = !link->room_known[traffic];
    link->n_moved = 0;
    atomic_store(&link->closed, false);
}

/* What comes now is not read. */
static void settle_room_told(struct mpi_link *link)
{
    for (int i = 0; i < link->capacity; i++)
        sl_inlet_settle(&link->room[i].inlet, &link->room[i].note,
                        sizeof link->room[i].note, link->control);
}

static void mpi_settle(struct sl_link *base)
{
    struct mpi_link *link = of(base);
    int n_slots = base->slots.n_slots;
    if (link->produces) {
        sl_item_ways_end(link->items, n_slots);
        settle_room_told(link);
        sl_item_ways_settle_sent(link->items, n_slots, link->control);
    } else {
        for (int i = 0; i < link->capacity; i++)
            sl_outlet_end(&link->room[i].outlet);
        sl_item_ways_settle_taken(link->items, n_slots, link->control);
        for (int i = 0; i < link->capacity; i++)
            sl_outlet_settle(&link->room[i].outlet, link->control);
    }
    link->n_told = 0;
}

/* There is no lock; what is under way is the parent's. */
static void mpi_abandon(struct sl_link *base)
{
    of(base)->abandoned = true;
}

static void free_link(struct mpi_link *link)
{
    sl_free(link->allocator, link->room, (size_t)link->capacity,
            sizeof *link->room);
    sl_item_ways_destroy(link->items, link->link.slots.n_slots,
                         link->allocator);
    sl_free(link->allocator, link, 1, sizeof *link);
}

/* Whatever was sent has been received, or a process is gone. */
static void mpi_destroy(struct sl_link *base)
{
    struct mpi_link *link = of(base);
    if (!link->abandoned) {
        sl_item_ways_cancel(link->items, base->slots.n_slots);
        for (int i = 0; i < link->capacity; i++) {
            sl_inlet_cancel(&link->room[i].inlet);
            sl_outlet_leave(&link->room[i].outlet);
        }
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

/* Items in one direction, what is told of room in the other. */
static bool make_ways(struct mpi_link *link,
                      const struct sl_mpi_link_config *config)
{
    link->items =
        sl_item_ways_create(config->wire, config->peer, config->first_tag,
                            &link->link.slots, link->allocator);
    link->room =
        sl_alloc(link->allocator, (size_t)link->capacity, sizeof *link->room);
    struct sl_way way = {config->wire, SL_LANE_NOTES, config->peer,
                         config->first_tag};
    for (int i = 0; link->room && i < link->capacity; i++) {
        link->room[i].outlet.way = link->room[i].inlet.way = way;
        way.tag++;
    }
    return link->items && link->room;
}

sluice_status sl_mpi_link_create(const struct sl_mpi_link_config *config,
                                 struct sl_link **out)
{
    const struct sl_link_config *about = &config->link;
    struct mpi_link *link = sl_alloc(about->allocator, 1, sizeof *link);
    if (!link)
        return SLUICE_NO_MEMORY;
    link->link = (struct sl_link){&mpi_ops, about->slots};
    link->allocator = about->allocator;
    link->control = config->control;
    link->patience = about->patience;
    link->capacity = about->capacity;
    link->produces = config->produces;
    for (int t = 0; t < SL_N_TRAFFICS; t++)
        link->room_known[t] = about->room_known[t];
    if (!make_ways(link, config)) {
        free_link(link);
        return SLUICE_NO_MEMORY;
    }
    *out = &link->link;
    return SLUICE_OK;
}
