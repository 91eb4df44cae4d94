/* Skip connections across stages.  The thread that creates the pipeline. */
#include "blueprint/across/edges.h"

#include "blueprint/ring.h"
#include "nn/model/model.h"
#include "nn/model/skips.h"

int sl_n_edges(const sluice_model *model, const struct sl_grid *grid)
{
    return sl_model_skips(model)->n * grid->n_copies;
}

/* Where a layer of copy `copy` is. */
static struct sl_edge_end end_of(const struct sl_edge_input *input, int copy,
                                 int layer)
{
    int stage = copy * input->grid.depth;
    for (; layer >= input->stage_layers[stage]; stage++)
        layer -= input->stage_layers[stage];
    return (struct sl_edge_end){stage, layer};
}

static struct sl_ring ring(int n_slots, size_t bytes)
{
    return (struct sl_ring){.n_slots = n_slots, .slot_bytes = bytes};
}

static sluice_status size_edge(const struct sl_edge_input *input,
                               struct sl_edge *edge)
{
    struct sl_edge_sizes train, forward;
    int from = edge->stash.stage, to = edge->pop.stage;
    if (sl_edge_is_inner(edge))
        return SLUICE_OK;
    sluice_status st = sl_ring_edge(input->schedule, input->train, from, to,
                                    input->allocator, &train);
    if (!st)
        st = sl_ring_edge(input->forward_schedule, input->forward, from, to,
                          input->allocator, &forward);
    if (st)
        return st;
    int slots = train.slots;
    if (train.capacity > 0)
        forward.slots = train.capacity + 2;
    if (forward.slots > input->grid.n_microbatches)
        forward.slots = input->grid.n_microbatches;
    if (forward.slots > slots)
        slots = forward.slots;
    edge->capacity = train.capacity;
    edge->activations = ring(slots, edge->bytes);
    edge->gradients = ring(train.grad_slots, edge->bytes);
    return SLUICE_OK;
}

/* Edges within one stage lie one after the other in the workspace. */
static void place_inner(struct sl_edge *edges, int i)
{
    for (int k = 0; k < i; k++)
        if (sl_edge_is_inner(&edges[k]) &&
            edges[k].stash.stage == edges[i].stash.stage)
            edges[i].inner_at += edges[k].bytes;
}

/* Both schedules, now that it is known where the edges lie. */
static sluice_status verify(const struct sl_edge_input *input,
                            const struct sl_edge *edges, int n,
                            sluice_diag *why)
{
    sluice_schedule_edge *listed =
        sl_alloc(input->allocator, (size_t)n, sizeof *listed);
    if (!listed)
        return sl_no_memory(why, "the skip connections");
    for (int i = 0; i < n; i++)
        listed[i] = (sluice_schedule_edge){
            .from = edges[i].stash.stage,
            .to = edges[i].pop.stage,
            .capacity = edges[i].capacity,
        };
    sluice_verify_config config = {
        .queue_capacity = input->queue_capacity,
        .edges = listed,
        .n_edges = n,
    };
    sluice_status st =
        sluice_schedule_verify(input->schedule, &config, NULL, why);
    config.forward_only = true;
    if (!st)
        st =
            sluice_schedule_verify(input->forward_schedule, &config, NULL, why);
    sl_free(input->allocator, listed, (size_t)n, sizeof *listed);
    return st;
}

sluice_status sl_edges_make(const struct sl_edge_input *input,
                            struct sl_edge *edges, sluice_diag *why)
{
    const struct sl_skip_list *skips = sl_model_skips(input->model);
    int n = sl_n_edges(input->model, &input->grid);
    for (int i = 0; i < n; i++) {
        const struct sl_skip *skip = &skips->at[i % skips->n];
        int copy = i / skips->n;
        edges[i] = (struct sl_edge){
            .stash = end_of(input, copy, skip->stash),
            .pop = end_of(input, copy, skip->pop),
            .n = skip->n,
            .bytes = sl_round_up((size_t)(input->max_rows * skip->n) *
                                 sizeof(float)),
        };
        place_inner(edges, i);
        if (size_edge(input, &edges[i]))
            return sl_no_memory(why, "the skip connections");
    }
    return n ? verify(input, edges, n, why) : SLUICE_OK;
}

static size_t ring_bytes(const struct sl_ring *ring)
{
    return (size_t)ring->n_slots * ring->slot_bytes;
}

/* Whether an end of an edge is at a place. */
static bool is_at(const struct sl_stage *stages, struct sl_edge_end end,
                  int place)
{
    return stages[end.stage].device == place;
}

void sl_edge_part(struct sl_edge *edge)
{
    edge->activations_sent = edge->activations;
    edge->gradients_sent = edge->gradients;
}

static void spread_ring(struct sl_ring *ring, struct sl_spread *spread)
{
    ring->holder = sl_spread_next(spread, ring_bytes(ring));
}

void sl_edge_spread(struct sl_edge *edge, const struct sl_stage *stages,
                    int place, struct sl_spread *spread)
{
    if (is_at(stages, edge->pop, place)) {
        spread_ring(&edge->activations, spread);
        spread_ring(&edge->gradients_sent, spread);
    }
    if (is_at(stages, edge->stash, place)) {
        spread_ring(&edge->gradients, spread);
        spread_ring(&edge->activations_sent, spread);
    }
}

/* The bytes of a ring on a device of the team. */
static size_t bytes_on(const struct sl_ring *ring, int shard)
{
    return ring->holder == shard ? ring_bytes(ring) : 0;
}

size_t sl_edge_bytes(const struct sl_edge *edge, const struct sl_stage *stages,
                     int place, int shard)
{
    size_t bytes = 0;
    if (is_at(stages, edge->pop, place))
        bytes += bytes_on(&edge->activations, shard) +
                 bytes_on(&edge->gradients_sent, shard);
    if (is_at(stages, edge->stash, place))
        bytes += bytes_on(&edge->gradients, shard) +
                 bytes_on(&edge->activations_sent, shard);
    return bytes;
}

size_t sl_edge_inner_bytes(const struct sl_edge *edge,
                           const struct sl_stage *stages, int place)
{
    bool here = stages[edge->stash.stage].device == place;
    return here && sl_edge_is_inner(edge) ? edge->inner_at + edge->bytes : 0;
}

static void join_end(struct sl_edge *edge, struct sl_stage *stage, int unit)
{
    stage->units[unit].edge = edge;
    stage->has_edges = stage->has_edges || !sl_edge_is_inner(edge);
}

void sl_edge_join(struct sl_edge *edge, struct sl_stage *stages)
{
    join_end(edge, &stages[edge->stash.stage], edge->stash.unit);
    join_end(edge, &stages[edge->pop.stage], edge->pop.unit);
}

static void bind_ring(struct sl_ring *ring, int shard, struct sl_arena *arena)
{
    if (ring->holder == shard)
        ring->slots = sl_arena_take(arena, ring_bytes(ring));
}

void sl_edge_bind(struct sl_edge *edge, const struct sl_stage *stages,
                  int place, int shard, struct sl_arena *arena)
{
    if (is_at(stages, edge->pop, place)) {
        bind_ring(&edge->activations, shard, arena);
        bind_ring(&edge->gradients_sent, shard, arena);
    }
    if (is_at(stages, edge->stash, place)) {
        bind_ring(&edge->gradients, shard, arena);
        bind_ring(&edge->activations_sent, shard, arena);
    }
}
