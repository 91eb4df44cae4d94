/* Streams between places.  The thread that creates the pipeline. */
#include "blueprint/shards/cut_streams.h"

int sl_cut_n_streams(const struct sl_cut_head *v)
{
    return SL_CUT_OUTPUTS * v->n_parts + 2;
}

int sl_cut_stream_number(const struct sl_cut_head *v, enum sl_cut_stream kind,
                         int part)
{
    if (kind < SL_CUT_OUTPUTS)
        return (int)kind * v->n_parts + part;
    return SL_CUT_OUTPUTS * v->n_parts + (int)(kind - SL_CUT_OUTPUTS);
}

static enum sl_cut_stream kind_of(const struct sl_cut_head *v, int i)
{
    int shared = i - SL_CUT_OUTPUTS * v->n_parts;
    return (enum sl_cut_stream)(shared < 0 ? i / v->n_parts
                                           : SL_CUT_OUTPUTS + shared);
}

int sl_cut_stream_source(const struct sl_cut_head *v, int i)
{
    switch (kind_of(v, i)) {
    case SL_CUT_OUTPUTS:
        return v->last_part;
    case SL_CUT_ROW_GRADIENTS:
        return v->rows.first_part;
    default:
        return i % v->n_parts;
    }
}

const struct sl_ring *sl_cut_stream_ring(const struct sl_cut_head *v, int i)
{
    int part = sl_cut_stream_source(v, i);
    switch (kind_of(v, i)) {
    case SL_CUT_TERMS:
        return &v->parts[part].terms;
    case SL_CUT_GRADIENTS:
        return &v->parts[part].gives;
    case SL_CUT_FOUND:
        return &v->rows.shares[part].found;
    case SL_CUT_OUTPUTS:
        return &v->x;
    default:
        return &v->rows.dy;
    }
}

bool sl_cut_stream_reaches(const struct sl_cut_head *v, int i, int part)
{
    enum sl_cut_stream kind = kind_of(v, i);
    bool is_of_rows = kind == SL_CUT_FOUND || kind == SL_CUT_ROW_GRADIENTS;
    if (part == sl_cut_stream_source(v, i) || (is_of_rows && !v->rows.ops))
        return false;
    if (kind == SL_CUT_GRADIENTS)
        return part == v->last_part;
    return kind != SL_CUT_FOUND || part == v->rows.first_part;
}

static struct sl_ring *copy_at(const struct sl_cut_head *v, int part, int i)
{
    return &v->copies[part * sl_cut_n_streams(v) + i];
}

const struct sl_ring *sl_cut_stream_copy(const struct sl_cut_head *v, int part,
                                         int i)
{
    const struct sl_ring *copy = v->copies ? copy_at(v, part, i) : NULL;
    return copy && copy->n_slots ? copy : NULL;
}

static size_t n_copies(const struct sl_cut_head *v)
{
    return (size_t)v->n_parts * (size_t)sl_cut_n_streams(v);
}

/* Whether the devices of two parts are in different processes. */
static bool are_apart(const struct sl_processes *processes,
                      const struct sl_grid *grid, int part, int other)
{
    return sl_process_parts(processes, grid, part / grid->n_shards,
                            other / grid->n_shards);
}

static void make_copies(struct sl_cut_head *v, int part,
                        const struct sl_processes *processes,
                        const struct sl_grid *grid)
{
    for (int i = 0; i < sl_cut_n_streams(v); i++)
        if (sl_cut_stream_reaches(v, i, part) &&
            are_apart(processes, grid, part, sl_cut_stream_source(v, i)))
            *copy_at(v, part, i) = *sl_cut_stream_ring(v, i);
}

sluice_status sl_cut_streams_init(struct sl_cut_head *v,
                                  const struct sl_processes *processes,
                                  const struct sl_grid *grid)
{
    if (processes->n == 1)
        return SLUICE_OK;
    v->copies = sl_alloc(v->allocator, n_copies(v), sizeof *v->copies);
    if (!v->copies)
        return SLUICE_NO_MEMORY;
    for (int d = 0; v->rows.ops && d < v->n_parts; d++)
        if (are_apart(processes, grid, d, v->rows.first_part))
            v->rows.shares[d].found = (struct sl_ring){
                .n_slots = v->rows.n_items,
                .slot_bytes = v->rows.dy.slot_bytes,
            };
    for (int d = 0; d < v->n_parts; d++)
        make_copies(v, d, processes, grid);
    return SLUICE_OK;
}

void sl_cut_streams_fini(struct sl_cut_head *v)
{
    if (v->copies)
        sl_free(v->allocator, v->copies, n_copies(v), sizeof *v->copies);
    v->copies = NULL;
}

static size_t ring_bytes(const struct sl_ring *ring)
{
    return (size_t)ring->n_slots * ring->slot_bytes;
}

/* What a part makes of `found`. */
static struct sl_ring *found_at(const struct sl_cut_head *v, int part)
{
    return &v->rows.shares[part].found;
}

size_t sl_cut_streams_bytes(const struct sl_cut_head *v, int part)
{
    size_t bytes = v->rows.ops ? ring_bytes(found_at(v, part)) : 0;
    for (int i = 0; v->copies && i < sl_cut_n_streams(v); i++)
        bytes += ring_bytes(copy_at(v, part, i));
    return bytes;
}

static void bind(struct sl_ring *ring, struct sl_arena *arena)
{
    if (ring->n_slots)
        ring->slots = sl_arena_take(arena, ring_bytes(ring));
}

void sl_cut_streams_bind(struct sl_cut_head *v, int part,
                         struct sl_arena *arena)
{
    if (!v->copies)
        return;
    if (v->rows.ops)
        bind(found_at(v, part), arena);
    for (int i = 0; i < sl_cut_n_streams(v); i++)
        bind(copy_at(v, part, i), arena);
}
