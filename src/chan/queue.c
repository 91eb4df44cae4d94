/*
 * The bounded queue: a ring of items between two gates.
 *
 * Each place says itself whose turn it is.  Item n lies in place n modulo the
 * capacity.  push() waits until the place's turn is 2n (room for item n),
 * writes the item and stores 2n + 1; pop() waits for 2n + 1, reads the item and
 * stores 2 (n + capacity), which is room for the next item of this place.  Only
 * the side whose turn it is touches the item, so it needs no lock.
 */
#include "chan/queue.h"

#include "base/memory.h"

sluice_status sl_queue_init(struct sl_queue *queue, int capacity,
                            struct sl_patience patience,
                            const sluice_allocator *allocator)
{
    *queue = (struct sl_queue){
        .allocator = allocator,
        .capacity = (uint32_t)capacity,
        .patience = patience,
    };
    queue->places = sl_alloc(allocator, queue->capacity, sizeof *queue->places);
    if (!queue->places)
        return SLUICE_NO_MEMORY;
    sluice_status st = sl_gate_init(&queue->not_empty);
    if (st)
        goto free_items;
    st = sl_gate_init(&queue->not_full);
    if (st)
        goto fini_not_empty;
    sl_queue_reset(queue);
    return SLUICE_OK;

fini_not_empty:
    sl_gate_fini(&queue->not_empty);
free_items:
    sl_free(allocator, queue->places, queue->capacity, sizeof *queue->places);
    return st;
}

void sl_queue_fini(struct sl_queue *queue)
{
    sl_gate_fini(&queue->not_full);
    sl_gate_fini(&queue->not_empty);
    sl_free(queue->allocator, queue->places, queue->capacity,
            sizeof *queue->places);
}

void sl_queue_abandon(struct sl_queue *queue)
{
    sl_gate_abandon(&queue->not_full);
    sl_gate_abandon(&queue->not_empty);
}

/* Turns of items that can be confused lie 2^31 items apart, further than any
 * ring is long. */
static uint32_t room_for(uint32_t n)
{
    return 2 * n;
}

static uint32_t filled_with(uint32_t n)
{
    return 2 * n + 1;
}

/* Not the count modulo the capacity: that jumps where the count wraps. */
static uint32_t next_place(const struct sl_queue *queue, uint32_t at)
{
    return at + 1 < queue->capacity ? at + 1 : 0;
}

static bool has_room_or_closed(const void *state)
{
    const struct sl_queue *queue = state;
    const struct sl_place *place = &queue->places[queue->push_at];
    return atomic_load(&place->turn) == room_for(queue->pushed) ||
           atomic_load(&queue->closed);
}

static bool has_item_or_closed(const void *state)
{
    const struct sl_queue *queue = state;
    const struct sl_place *place = &queue->places[queue->pop_at];
    return atomic_load(&place->turn) == filled_with(queue->popped) ||
           atomic_load(&queue->closed);
}

sluice_status sl_queue_push(struct sl_queue *queue, struct sl_item item,
                            int64_t *room_ns)
{
    sl_gate_wait(&queue->not_full, queue->patience, has_room_or_closed, queue);
    if (atomic_load(&queue->closed))
        return SLUICE_CLOSED;
    uint32_t n = queue->pushed++;
    struct sl_place *place = &queue->places[queue->push_at];
    queue->push_at = next_place(queue, queue->push_at);
    *room_ns = place->taken_ns;
    place->item = item;
    atomic_store(&place->turn, filled_with(n));
    sl_gate_wake(&queue->not_empty);
    return SLUICE_OK;
}

sluice_status sl_queue_pop(struct sl_queue *queue, int64_t now_ns,
                           struct sl_item *item)
{
    sl_gate_wait(&queue->not_empty, queue->patience, has_item_or_closed, queue);
    if (atomic_load(&queue->closed))
        return SLUICE_CLOSED;
    uint32_t n = queue->popped++;
    struct sl_place *place = &queue->places[queue->pop_at];
    queue->pop_at = next_place(queue, queue->pop_at);
    *item = place->item;
    place->taken_ns = now_ns > item->ready_ns ? now_ns : item->ready_ns;
    atomic_store(&place->turn, room_for(n + queue->capacity));
    sl_gate_wake(&queue->not_full);
    return SLUICE_OK;
}

void sl_queue_close(struct sl_queue *queue)
{
    atomic_store(&queue->closed, true);
    sl_gate_wake(&queue->not_empty);
    sl_gate_wake(&queue->not_full);
}

void sl_queue_reset(struct sl_queue *queue)
{
    for (uint32_t i = 0; i < queue->capacity; i++) {
        queue->places[i].taken_ns = 0;
        atomic_store(&queue->places[i].turn, room_for(i));
    }
    queue->pushed = 0;
    queue->push_at = 0;
    queue->popped = 0;
    queue->pop_at = 0;
    atomic_store(&queue->closed, false);
}
