/*
 * Which links need not tell their producer of room.
 *
 * A producer may publish item n once item n - capacity has been taken.  The
 * consumer sends items back, of the gradients of what it took, or activations
 * that follow from gradients: by each of them the producer knows how far the
 * consumer has come.  If that is always far enough there is nothing to tell;
 * and as a virtual time comes with every item, the producer's is then not
 * before that of the taking.
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_ABROAD_KNOWN_ROOM_H
#define SL_BLUEPRINT_ABROAD_KNOWN_ROOM_H

#include <stdbool.h>

#include "blueprint/program.h"

/* One direction of the boundary between two stages, or of an edge. */
struct sl_boundary_way {
    const struct sl_program *producer; /* of the devices at its two ends */
    const struct sl_program *consumer;
    int from; /* stages: activations go to the later one, gradients to the
                 earlier one */
    int to;
    int capacity;
};

/* Whether the producer of each item knows of the room for it.  Linear in the
 * number of operations. */
bool sl_room_is_known(const struct sl_boundary_way *way);

#endif
