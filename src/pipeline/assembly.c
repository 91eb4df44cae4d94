/* Tables, collectives, devices and links of a pipeline.  The caller. */
#include "pipeline/assembly.h"

#include <assert.h>

#include "pipeline/execute.h"
#include "pipeline/recompute_check.h"
#include "pipeline/across/tied.h"
#include "pipeline/across/head_parts.h"

static size_t n_all_edges(const struct sl_blueprint *bp)
{
    return (size_t)bp->grid.n_replicas * (size_t)bp->layout.n_edges;
}

/* Two links for each boundary, and for each edge at most. */
static size_t n_all_links(const struct sl_blueprint *bp)
{
    int n_boundaries = sl_n_all_stages(&bp->grid) - sl_n_holders(&bp->grid);
    return 2 * ((size_t)n_boundaries + n_all_edges(bp));
}

/* Whether there are as many as are wanted. */
static bool alloc_digests(sluice_pipeline *pipe)
{
    size_t n = sl_n_digests(&pipe->blueprint);
    if (n > 0)
        pipe->digests = sl_alloc(pipe->allocator, n, sizeof *pipe->digests);
    return n == 0 || pipe->digests;
}

sluice_status sl_alloc_tables(sluice_pipeline *pipe, sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    size_t k = (size_t)pipe->n_local;
    size_t m = (size_t)sl_n_all_microbatches(&bp->grid);
    pipe->devices = sl_alloc(pipe->allocator, k, sizeof *pipe->devices);
    pipe->n_groups = (size_t)bp->grid.depth + sl_n_tied_groups(bp);
    pipe->groups = sl_alloc(pipe->allocator, pipe->n_groups,
                            sizeof(struct sl_collective *));
    pipe->outcomes = sl_alloc(pipe->allocator, m, sizeof *pipe->outcomes);
    pipe->update_rows =
        sl_alloc(pipe->allocator, (size_t)pipe->blueprint.updates.n_updates,
                 sizeof *pipe->update_rows);
    pipe->update_terms =
        sl_alloc(pipe->allocator, (size_t)pipe->blueprint.updates.n_updates,
                 sizeof *pipe->update_terms);
    pipe->n_events = sl_alloc(pipe->allocator, k, sizeof *pipe->n_events);
    pipe->events = sl_alloc(pipe->allocator, k, sizeof *pipe->events);
    pipe->links =
        sl_alloc(pipe->allocator, n_all_links(bp), sizeof(struct sl_link *));
    pipe->ends = sl_alloc(pipe->allocator, (size_t)sl_n_all_stages(&bp->grid),
                          sizeof *pipe->ends);
    pipe->edges =
        sl_alloc(pipe->allocator, n_all_edges(bp), sizeof *pipe->edges);
    if (pipe->links && pipe->edges && alloc_digests(pipe) && pipe->ends &&
        pipe->devices && pipe->groups && pipe->outcomes && pipe->update_rows &&
        pipe->update_terms && pipe->n_events && pipe->events)
        return SLUICE_OK;
    return sl_no_memory(why, "the devices' tables");
}

void sl_free_tables(sluice_pipeline *pipe)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    size_t k = (size_t)pipe->n_local;
    size_t m = (size_t)sl_n_all_microbatches(&bp->grid);
    sl_free(pipe->allocator, pipe->digests, sl_n_digests(bp),
            sizeof *pipe->digests);
    sl_free(pipe->allocator, pipe->ends, (size_t)sl_n_all_stages(&bp->grid),
            sizeof *pipe->ends);
    sl_free(pipe->allocator, pipe->edges, n_all_edges(bp), sizeof *pipe->edges);
    sl_free(pipe->allocator, pipe->links, n_all_links(bp),
            sizeof(struct sl_link *));
    sl_free(pipe->allocator, pipe->events, k, sizeof *pipe->events);
    sl_free(pipe->allocator, pipe->n_events, k, sizeof *pipe->n_events);
    sl_free(pipe->allocator, pipe->update_terms,
            (size_t)pipe->blueprint.updates.n_updates,
            sizeof *pipe->update_terms);
    sl_free(pipe->allocator, pipe->update_rows,
            (size_t)pipe->blueprint.updates.n_updates,
            sizeof *pipe->update_rows);
    sl_free(pipe->allocator, pipe->outcomes, m, sizeof *pipe->outcomes);
    sl_free(pipe->allocator, pipe->groups, pipe->n_groups,
            sizeof(struct sl_collective *));
    sl_free(pipe->allocator, pipe->devices, k, sizeof *pipe->devices);
}

/* The step has failed: no device may wait any longer. */
static void stop(void *context)
{
    sluice_pipeline *pipe = context;
    for (int i = 0; i < pipe->n_links; i++)
        sl_link_close(pipe->links[i]);
    if (pipe->board)
        sl_bulletin_close(pipe->board);
    for (size_t i = 0; i < pipe->n_groups; i++)
        if (pipe->groups[i])
            sl_collective_close(pipe->groups[i]);
}

void sl_fini_collectives(sluice_pipeline *pipe)
{
    for (size_t i = 0; i < pipe->n_groups; i++)
        sl_collective_destroy(pipe->groups[i]);
    sl_bulletin_destroy(pipe->board);
    sl_collective_destroy(pipe->everyone);
}

/* Terms of the optimizer's total that a device has room for. */
static size_t n_terms(const sluice_pipeline *pipe)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    return bp->updates.measures ? (size_t)sl_n_terms(bp) : 0;
}

sluice_status sl_init_collectives(sluice_pipeline *pipe, sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    struct sl_collective_config config = {
        .n_members = sl_n_all_devices(&bp->grid),
        .n_sums = (int)n_terms(pipe),
        .patience = pipe->patience,
        .stop = stop,
        .context = pipe,
        .allocator = pipe->allocator,
    };
    sluice_status st = sl_collective_create(&config, &pipe->everyone);
    config.n_sums = 0;
    config.n_members = sl_n_holders(&bp->grid);
    config.stop = NULL;
    for (int i = 0; i < bp->grid.depth && bp->updates.reduces && !st; i++)
        st = sl_collective_create(&config, &pipe->groups[i]);
    for (size_t i = 0; i < sl_n_tied_groups(bp) && !st; i++) {
        config.n_members = sl_tied_n_members(bp, i);
        config.n_terms = sl_tied_n_terms(bp, i);
        st = sl_collective_create(&config,
                                  &pipe->groups[(size_t)bp->grid.depth + i]);
    }
    if (!st && sl_cuts_vocabulary(pipe))
        st = sl_cut_head_create_board(pipe);
    if (!st)
        return SLUICE_OK;
    sl_fini_collectives(pipe);
    return sluice_diag_set(
        why, st, "%s for the pipeline's collectives",
        st == SLUICE_NO_MEMORY ? "out of memory" : "the system refused a lock");
}

void sl_fini_links(sluice_pipeline *pipe)
{
    for (int i = 0; i < pipe->n_links; i++)
        sl_link_destroy(pipe->links[i]);
    pipe->n_links = 0;
}

/* The link from stage `from` to stage `to` of a replica, whose `slots` lie in
 * the arena of the second. */
static sluice_status make_link(sluice_pipeline *pipe,
                               const struct sl_stage *from,
                               const struct sl_stage *to, struct sl_ring slots,
                               int capacity, struct sl_link **out)
{
    bool crosses = from->device != to->device;
    const struct sl_link_config config = {
        .slots = slots,
        .capacity = crosses ? capacity : 0,
        .patience = pipe->patience,
        .allocator = pipe->allocator,
    };
    sluice_status st = sl_link_create(&config, out);
    if (!st)
        pipe->links[pipe->n_links++] = *out;
    return st;
}

/* Both directions of the boundary between `stage` and the next one. */
static sluice_status link_stages(sluice_pipeline *pipe, struct sl_stage *stage,
                                 struct sl_ends *ends)
{
    int capacity = pipe->blueprint.queue_capacity;
    sluice_status st = make_link(pipe, stage, stage + 1, stage[1].in_slots,
                                 capacity, &ends->y);
    if (st)
        return st;
    assert(ends->y->ops->rereadable); /* the layout keeps no second copy */
    ends[1].x = ends->y;
    st = make_link(pipe, stage + 1, stage, stage->grad_slots, capacity,
                   &ends->dy);
    ends[1].dx = ends->dy;
    return st;
}

/* Both directions of edge `i` of all replicas. */
static sluice_status link_edge(sluice_pipeline *pipe, size_t i)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    const struct sl_edge *edge = &layout->edges[i];
    const struct sl_coordinates at = {.replica = (int)i / layout->n_edges};
    const struct sl_stage *stages =
        &layout->stages[sl_first_stage(&layout->grid, at)];
    const struct sl_stage *from = &stages[edge->stash.stage];
    const struct sl_stage *to = &stages[edge->pop.stage];
    if (sl_edge_is_inner(edge))
        return SLUICE_OK;
    sluice_status st = make_link(pipe, from, to, edge->activations,
                                 edge->capacity, &pipe->edges[i].activations);
    return st ? st
              : make_link(pipe, to, from, edge->gradients, edge->capacity,
                          &pipe->edges[i].gradients);
}

sluice_status sl_init_links(sluice_pipeline *pipe, sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    int n_stages = sl_n_all_stages(&bp->grid);
    sluice_status st = SLUICE_OK;
    for (int s = 0; s < n_stages && !st; s++)
        if (!bp->layout.stages[s].is_last)
            st = link_stages(pipe, &bp->layout.stages[s], &pipe->ends[s]);
    for (size_t i = 0; i < n_all_edges(bp) && !st; i++)
        st = link_edge(pipe, i);
    if (!st)
        return SLUICE_OK;
    int n_made = pipe->n_links;
    sl_fini_links(pipe);
    return sluice_diag_set(why, st, "link %d of %zu could not be made", n_made,
                           n_all_links(bp));
}

static void free_terms(struct sl_device *device)
{
    const sluice_pipeline *pipe = device->pipe;
    sl_free(pipe->allocator, device->tied_terms,
            sl_tied_most_terms(&pipe->blueprint), sizeof(float *));
    sl_free(pipe->allocator, device->part_terms,
            (size_t)pipe->blueprint.vocabulary.n_parts,
            sizeof *device->part_terms);
    sl_free(pipe->allocator, device->terms, n_terms(pipe),
            sizeof *device->terms);
}

static sluice_status alloc_terms(struct sl_device *device, sluice_diag *why)
{
    const sluice_pipeline *pipe = device->pipe;
    device->terms =
        sl_alloc(pipe->allocator, n_terms(pipe), sizeof *device->terms);
    device->tied_terms = sl_alloc(
        pipe->allocator, sl_tied_most_terms(&pipe->blueprint), sizeof(float *));
    device->part_terms =
        sl_alloc(pipe->allocator, (size_t)pipe->blueprint.vocabulary.n_parts,
                 sizeof *device->part_terms);
    if (device->terms && device->tied_terms && device->part_terms)
        return SLUICE_OK;
    free_terms(device);
    return sl_no_memory(why, "the optimizer's total and tied gradients");
}

static bool is_mine(const struct sl_device *device, int stage)
{
    return device->stages[stage].device == device->at.place;
}

/* The part of a cut vocabulary that a device holds; NULL: none. */
static struct sl_head_part *part_of(const struct sl_device *device)
{
    struct sl_cut_head *v = &device->pipe->blueprint.vocabulary;
    return v->n_parts ? &v->parts[device->at.place] : NULL;
}

static void fini_products(struct sl_device *device)
{
    struct sl_head_part *part = part_of(device);
    for (int k = 0; part && k < part->plan.n_products; k++)
        sl_product_fini(&part->products[k]);
    for (int s = 0; s < device->pipe->blueprint.grid.n_stages; s++)
        if (is_mine(device, s))
            sl_products_fini(&device->stages[s]);
}

static sluice_status prepare_products(struct sl_device *device,
                                      sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int s = 0; s < device->pipe->blueprint.grid.n_stages && !st; s++)
        if (is_mine(device, s))
            st = sl_products_prepare(&device->stages[s], why);
    struct sl_head_part *part = part_of(device);
    for (int k = 0; part && k < part->plan.n_products && !st; k++)
        st = sl_product_prepare(&part->products[k], why);
    if (st)
        fini_products(device);
    return st;
}

static void fini_device(struct sl_device *device)
{
    const sluice_allocator *allocator = device->pipe->allocator;
    fini_products(device);
    free_terms(device);
    sl_core_release(&device->core);
    sl_gate_fini(&device->gate);
    sl_recorder_fini(&device->recorder, allocator);
    sl_arena_fini(&device->arena);
}

static struct sl_device make_device(sluice_pipeline *pipe, int index)
{
    struct sl_blueprint *bp = &pipe->blueprint;
    struct sl_coordinates at = sl_coordinates_of(&bp->grid, index);
    int first = sl_first_stage(&bp->grid, at);
    return (struct sl_device){
        .pipe = pipe,
        .index = index,
        .at = at,
        .core = {.cpu = -1, .claim = -1},
        .stages = &bp->layout.stages[first],
        .ends = &pipe->ends[first],
        .outcomes = &pipe->outcomes[sl_first_microbatch(&bp->grid, at)],
        .workspace = &bp->layout.workspaces[index],
        .train = &bp->train[at.place],
        .forward = &bp->forward[at.place],
    };
}

static sluice_status init_device(sluice_pipeline *pipe, int i, sluice_diag *why)
{
    struct sl_device *device = &pipe->devices[i];
    struct sl_blueprint *bp = &pipe->blueprint;
    int index = bp->local_devices[i];
    *device = make_device(pipe, index);
    size_t bytes = bp->layout.plans[device->at.place].total;
    if (sl_arena_init(&device->arena, bytes, pipe->allocator))
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory: device %d needs an arena of "
                               "%zu bytes",
                               index, bytes);
    if (sl_cuts_vocabulary(pipe))
        sl_cut_head_bind(&bp->vocabulary, device->at.place, &device->arena);
    sl_layout_bind(&bp->layout, device->at, &device->arena);
    sluice_status st = sl_recorder_init(
        &device->recorder, pipe->traces ? sl_n_events(device->train) : 0,
        pipe->allocator);
    if (st) {
        sl_no_memory(why, "the trace");
        goto fini_arena;
    }
    st = alloc_terms(device, why);
    if (st)
        goto fini_recorder;
    st = sl_gate_init(&device->gate);
    if (st) {
        sluice_diag_set(why, st, "the system refused a lock for device %d",
                        index);
        goto free_terms;
    }
    st = prepare_products(device, why);
    if (st)
        goto fini_gate;
    pipe->events[i] = device->recorder.events;
    return SLUICE_OK;

fini_gate:
    sl_gate_fini(&device->gate);
free_terms:
    free_terms(device);
fini_recorder:
    sl_recorder_fini(&device->recorder, pipe->allocator);
fini_arena:
    sl_arena_fini(&device->arena);
    return st;
}

static void free_devices(sluice_pipeline *pipe, int n_made)
{
    for (int i = 0; i < n_made; i++)
        fini_device(&pipe->devices[i]);
}

sluice_status sl_init_devices(sluice_pipeline *pipe, sluice_diag *why)
{
    for (int i = 0; i < pipe->n_local; i++) {
        sluice_status st = init_device(pipe, i, why);
        if (st) {
            free_devices(pipe, i);
            return st;
        }
    }
    return SLUICE_OK;
}

void sl_fini_devices(sluice_pipeline *pipe)
{
    free_devices(pipe, pipe->n_local);
}
