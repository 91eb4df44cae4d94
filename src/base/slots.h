/*
 * Slots of equal size, used in turn.  Where they lie, and how many it takes so
 * that no slot is filled while a device still reads it, is worked out in
 * blueprint.
 */
#ifndef SL_BASE_SLOTS_H
#define SL_BASE_SLOTS_H

#include <stddef.h>
#include <stdint.h>

/* Item number n lies in slot n % n_slots. */
struct sl_ring {
    int n_slots;
    size_t slot_bytes;
    size_t item_bytes; /* of them that an item has; 0: all */
    int holder;        /* the device of a team in whose arena they lie */
    char *slots;
};

static inline void *sl_ring_slot(const struct sl_ring *ring, int32_t number)
{
    return ring->slots + (size_t)(number % ring->n_slots) * ring->slot_bytes;
}

#endif
