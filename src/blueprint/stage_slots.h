/*
 * The rings of a stage: which tensors it keeps from one action to another, in
 * how many slots of which size, and where they lie.  blueprint/ring.h says how
 * many slots a schedule needs.
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_STAGE_SLOTS_H
#define SL_BLUEPRINT_STAGE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "blueprint/ring.h"
#include "blueprint/shards/spread.h"
#include "blueprint/stage.h"

/* Work out the rings of a stage with its units, for micro-batches of up to
 * `max_rows`.  `joins`: slots follow each other without a gap. */
void sl_stage_slots_place(struct sl_stage *stage,
                          const struct sl_ring_sizes *sizes, int64_t max_rows,
                          bool joins);

/* The boundary between a stage and the next lies between two processes: each
 * sends from slots of its own, as many as the other receives into.  Before
 * sl_stage_slots_spread(). */
void sl_stage_slots_part(struct sl_stage *stage, struct sl_stage *next);

/* Choose for each ring the device of the team that holds it. */
void sl_stage_slots_spread(struct sl_stage *stage, struct sl_spread *spread);

/* Bytes of the rings at the stage's boundaries, and of all others, on a device
 * of the team. */
size_t sl_stage_slots_boundary_bytes(const struct sl_stage *stage, int shard);
size_t sl_stage_slots_stash_bytes(const struct sl_stage *stage, int shard);

/* Give those on the device their memory.  A neighbour reads its output in the
 * boundary until its own backward; of the stash nothing is read, by any device
 * of the team, once its list is done. */
void sl_stage_slots_bind_boundary(struct sl_stage *stage, int shard,
                                  struct sl_arena *arena);
void sl_stage_slots_bind_stash(struct sl_stage *stage, int shard,
                               struct sl_arena *arena);

/* Let the stage of another device of the team use the slots of `stage` that are
 * on device `shard`. */
void sl_stage_slots_lend(const struct sl_stage *stage, int shard,
                         struct sl_stage *other);

#endif
