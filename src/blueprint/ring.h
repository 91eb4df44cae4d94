/*
 * How many slots each ring needs, worked out from the programs alone.
 *
 * `hold` of a kind of slot is the largest number of later slots that are opened
 * before one is closed again, in a device's own order.  Two arguments bound the
 * number of slots:
 *
 *   by order  opener and closer are on one device, or the closing tells the
 *             opener by itself (a gradient that comes back): hold + 1 slots.
 *   by queue  the closer is the consumer behind a queue of capacity c.  The
 *             producer fills item j + n only after its push of j + n - 1 was
 *             accepted; then at most c items were in the queue, so item
 *             j + n - 1 - c had been taken.  With n = c + 2 + hold that is
 *             item j + 1 + hold, which the consumer takes only after it closed
 *             item j.
 *
 * Neither needs more slots than there are micro-batches.
 */
#ifndef SL_BLUEPRINT_RING_H
#define SL_BLUEPRINT_RING_H

#include <stdbool.h>

#include <sluice/memory.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

#include "blueprint/program.h"

/* What the schedule does to one stage: slots per ring, kinds of action. */
struct sl_ring_sizes {
    bool splits;     /* has I and W actions */
    bool recomputes; /* has R actions */
    int in_slots;
    int grad_slots;
    int stash;
    int dys;
};

/*
 * Sizes for all stages under one schedule, given the numbered programs.  Linear
 * in the number of actions.
 *
 * Shapes   programs[n_devices], sizes[n_stages].
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_ring_sizes(const sluice_schedule *schedule,
                            const struct sl_program *programs,
                            int queue_capacity,
                            const sluice_allocator *allocator,
                            struct sl_ring_sizes *sizes);

/*
 * Enlarge the rings of a stage until no run of joined W wraps around one of
 * them.  More slots than needed are always right; as many as there are
 * micro-batches are enough.
 *
 * Shapes   programs[n_devices], sizes[n_stages].
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_ring_fit_runs(const sluice_schedule *schedule,
                               const struct sl_program *programs,
                               const sluice_allocator *allocator,
                               struct sl_ring_sizes *sizes);

/* What an edge from a stage to a later one takes, see blueprint/across/edges.h.
 */
struct sl_edge_sizes {
    int capacity; /* of its queues; 0: one device, or forwards only */
    int slots;    /* of activations; 0: two devices, and forwards only */
    int grad_slots;
};

/*
 * Sizes of an edge under one schedule.
 *
 * Shapes   programs[n_devices].
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_ring_edge(const sluice_schedule *schedule,
                           const struct sl_program *programs, int from, int to,
                           const sluice_allocator *allocator,
                           struct sl_edge_sizes *sizes);

#endif
