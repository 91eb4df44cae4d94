/* The rings of a stage.  The thread that creates the pipeline. */
#include "blueprint/stage_slots.h"

/*
 * Whether y of unit i must be there in the backward pass, in the stash.  The
 * stage's own output lies in the next stage's slot, except for the last stage
 * and when it was recomputed.
 */
static bool keeps_y(const struct sl_stage *stage, int i)
{
    const struct sl_unit *unit = &stage->units[i];
    if (i + 1 < stage->n_units)
        return unit->plan->needs_y || stage->units[i + 1].plan->needs_x;
    return stage->is_last || (stage->recomputes && unit->plan->needs_y);
}

/* Slots on cache lines of their own; without a gap where W are joined. */
static struct sl_ring tensor_ring(int n_slots, int64_t n_floats, bool joins)
{
    size_t bytes = (size_t)n_floats * sizeof(float);
    return (struct sl_ring){
        .n_slots = n_slots,
        .slot_bytes = joins ? bytes : sl_round_up(bytes),
        .item_bytes = bytes,
    };
}

static struct sl_ring saved_ring(int n_slots, int64_t bytes)
{
    return (struct sl_ring){
        .n_slots = n_slots,
        .slot_bytes = sl_round_up((size_t)bytes),
    };
}

void sl_stage_slots_place(struct sl_stage *stage,
                          const struct sl_ring_sizes *sizes, int64_t max_rows,
                          bool joins)
{
    for (int i = 0; i < stage->n_units; i++) {
        struct sl_unit *unit = &stage->units[i];
        int kept = keeps_y(stage, i) ? sizes->stash : 0;
        unit->y = tensor_ring(kept, max_rows * unit->out, joins);
        unit->saved =
            saved_ring(sizes->stash, max_rows * unit->plan->saved_row_bytes);
        unit->dy = tensor_ring(sizes->dys, max_rows * unit->out, joins);
    }
    stage->in_slots = tensor_ring(sizes->in_slots, max_rows * stage->in, joins);
    stage->grad_slots =
        tensor_ring(sizes->grad_slots, max_rows * stage->out, joins);
}

void sl_stage_slots_part(struct sl_stage *stage, struct sl_stage *next)
{
    stage->y_slots = next->in_slots;
    next->dx_slots = stage->grad_slots;
}

static size_t ring_bytes(const struct sl_ring *ring)
{
    return sl_round_up((size_t)ring->n_slots * ring->slot_bytes);
}

/* The bytes of a ring on a device of the team. */
static size_t bytes_on(const struct sl_ring *ring, int shard)
{
    return ring->holder == shard ? ring_bytes(ring) : 0;
}

static void spread_ring(struct sl_ring *ring, struct sl_spread *spread)
{
    ring->holder = sl_spread_next(spread, ring_bytes(ring));
}

void sl_stage_slots_spread(struct sl_stage *stage, struct sl_spread *spread)
{
    spread_ring(&stage->in_slots, spread);
    spread_ring(&stage->grad_slots, spread);
    spread_ring(&stage->y_slots, spread);
    spread_ring(&stage->dx_slots, spread);
    for (int i = 0; i < stage->n_units; i++) {
        spread_ring(&stage->units[i].y, spread);
        spread_ring(&stage->units[i].saved, spread);
        spread_ring(&stage->units[i].dy, spread);
    }
}

size_t sl_stage_slots_boundary_bytes(const struct sl_stage *stage, int shard)
{
    return bytes_on(&stage->in_slots, shard) +
           bytes_on(&stage->grad_slots, shard) +
           bytes_on(&stage->y_slots, shard) + bytes_on(&stage->dx_slots, shard);
}

size_t sl_stage_slots_stash_bytes(const struct sl_stage *stage, int shard)
{
    size_t bytes = 0;
    for (int i = 0; i < stage->n_units; i++)
        bytes += bytes_on(&stage->units[i].y, shard) +
                 bytes_on(&stage->units[i].saved, shard) +
                 bytes_on(&stage->units[i].dy, shard);
    return bytes;
}

static void bind_ring(struct sl_ring *ring, int shard, struct sl_arena *arena)
{
    if (ring->holder == shard)
        ring->slots = sl_arena_take(arena, ring_bytes(ring));
}

void sl_stage_slots_bind_boundary(struct sl_stage *stage, int shard,
                                  struct sl_arena *arena)
{
    bind_ring(&stage->in_slots, shard, arena);
    bind_ring(&stage->grad_slots, shard, arena);
    bind_ring(&stage->y_slots, shard, arena);
    bind_ring(&stage->dx_slots, shard, arena);
}

void sl_stage_slots_bind_stash(struct sl_stage *stage, int shard,
                               struct sl_arena *arena)
{
    for (int i = 0; i < stage->n_units; i++) {
        bind_ring(&stage->units[i].y, shard, arena);
        bind_ring(&stage->units[i].saved, shard, arena);
        bind_ring(&stage->units[i].dy, shard, arena);
    }
}

static void lend_ring(const struct sl_ring *ring, int shard,
                      struct sl_ring *other)
{
    if (ring->holder == shard)
        other->slots = ring->slots;
}

void sl_stage_slots_lend(const struct sl_stage *stage, int shard,
                         struct sl_stage *other)
{
    lend_ring(&stage->in_slots, shard, &other->in_slots);
    lend_ring(&stage->grad_slots, shard, &other->grad_slots);
    lend_ring(&stage->y_slots, shard, &other->y_slots);
    lend_ring(&stage->dx_slots, shard, &other->dx_slots);
    for (int i = 0; i < stage->n_units; i++) {
        const struct sl_unit *unit = &stage->units[i];
        lend_ring(&unit->y, shard, &other->units[i].y);
        lend_ring(&unit->saved, shard, &other->units[i].saved);
        lend_ring(&unit->dy, shard, &other->units[i].dy);
    }
}
