/* Ways of items between processes.  One thread at a time for each. */
#include "chan/mpi/ways/item_way.h"

#include <string.h>

#include "base/memory.h"

/* Items up to here are packed. */
enum { PARCEL_BYTES = 8192 };

static size_t parcel_bytes(const struct sl_item_way *way)
{
    return sizeof *way->packs + way->bytes;
}

struct sl_item_way *sl_item_ways_create(struct sl_wire *wire, int peer, int tag,
                                        const struct sl_ring *slots,
                                        const sluice_allocator *allocator)
{
    struct sl_item_way *ways =
        sl_alloc(allocator, (size_t)slots->n_slots, sizeof *ways);
    for (int i = 0; ways && i < slots->n_slots; i++) {
        struct sl_item_way *way = &ways[i];
        const struct sl_way data = {wire, SL_LANE_DATA, peer, tag + i};
        const struct sl_way notes = {wire, SL_LANE_NOTES, peer, tag + i};
        way->slot = sl_ring_slot(slots, i);
        way->bytes = slots->item_bytes ? slots->item_bytes : slots->slot_bytes;
        way->data_out.way = way->data_in.way = data;
        way->note_out.way = way->note_in.way = notes;
        if (way->bytes > PARCEL_BYTES)
            continue;
        way->packs = sl_alloc(allocator, 1, parcel_bytes(way));
        if (!way->packs) {
            sl_item_ways_destroy(ways, slots->n_slots, allocator);
            return NULL;
        }
    }
    return ways;
}

void sl_item_ways_destroy(struct sl_item_way *ways, int n,
                          const sluice_allocator *allocator)
{
    for (int i = 0; ways && i < n; i++)
        sl_free(allocator, ways[i].packs, 1, parcel_bytes(&ways[i]));
    sl_free(allocator, ways, (size_t)n, sizeof *ways);
}

bool sl_item_has_left(struct sl_item_way *way)
{
    return sl_outlet_is_idle(&way->data_out) &&
           (way->packs || sl_outlet_is_idle(&way->note_out));
}

/* A parcel has mostly left its buffer by the time it is sent.  To ask at once
 * takes no time of the other process, which does not wait any more; before the
 * next item it would. */
void sl_item_send(struct sl_item_way *way, struct sl_note note)
{
    way->note = note;
    if (way->packs) {
        *way->packs = note;
        memcpy(way->packs + 1, way->slot, way->bytes);
        sl_outlet_send(&way->data_out, way->packs, parcel_bytes(way));
        (void)sl_outlet_is_idle(&way->data_out);
    } else {
        sl_outlet_send(&way->note_out, &way->note, sizeof way->note);
        sl_outlet_send(&way->data_out, way->slot, way->bytes);
    }
    sl_wire_count(way->data_out.way.wire, way->bytes);
}

static void expect_data(struct sl_item_way *way)
{
    if (way->packs)
        sl_inlet_post(&way->data_in, way->packs, parcel_bytes(way));
    else
        sl_inlet_post(&way->data_in, way->slot, way->bytes);
}

void sl_item_expect(struct sl_item_way *way)
{
    if (!way->packs)
        sl_inlet_post(&way->note_in, &way->note, sizeof way->note);
    expect_data(way);
}

bool sl_item_has_come(struct sl_item_way *way)
{
    return (way->packs || sl_inlet_has_arrived(&way->note_in)) &&
           sl_inlet_has_arrived(&way->data_in);
}

void sl_item_take(struct sl_item_way *way)
{
    sl_inlet_take(&way->data_in);
    if (way->packs) {
        way->note = *way->packs;
        memcpy(way->slot, way->packs + 1, way->bytes);
    } else {
        sl_inlet_take(&way->note_in);
    }
}

void sl_item_ways_end(struct sl_item_way *ways, int n)
{
    for (int i = 0; i < n; i++) {
        sl_outlet_end(&ways[i].data_out);
        if (!ways[i].packs)
            sl_outlet_end(&ways[i].note_out);
    }
}

void sl_item_ways_settle_sent(struct sl_item_way *ways, int n,
                              struct sl_control *control)
{
    for (int i = 0; i < n; i++) {
        sl_outlet_settle(&ways[i].data_out, control);
        if (!ways[i].packs)
            sl_outlet_settle(&ways[i].note_out, control);
    }
}

/* What comes now is not read: it goes where it would go, into slots that no
 * device reads any more. */
void sl_item_ways_settle_taken(struct sl_item_way *ways, int n,
                               struct sl_control *control)
{
    for (int i = 0; i < n; i++) {
        struct sl_item_way *way = &ways[i];
        if (way->packs) {
            sl_inlet_settle(&way->data_in, way->packs, parcel_bytes(way),
                            control);
            continue;
        }
        sl_inlet_settle(&way->data_in, way->slot, way->bytes, control);
        sl_inlet_settle(&way->note_in, &way->note, sizeof way->note, control);
    }
}

void sl_item_ways_cancel(struct sl_item_way *ways, int n)
{
    for (int i = 0; i < n; i++) {
        sl_inlet_cancel(&ways[i].data_in);
        sl_outlet_leave(&ways[i].data_out);
        if (ways[i].packs)
            continue;
        sl_inlet_cancel(&ways[i].note_in);
        sl_outlet_leave(&ways[i].note_out);
    }
}
