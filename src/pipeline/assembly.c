/* Tables, collectives, devices and links of a pipeline.  The caller. */
#include "pipeline/assembly.h"

#include "blueprint/shards/cut_streams.h"
#include "blueprint/shards/join.h"
#include "blueprint/shards/zero.h"
#include "pipeline/abroad/collectives.h"
#include "pipeline/execute.h"
#include "pipeline/recompute_check.h"
#include "pipeline/across/links.h"
#include "pipeline/across/tied.h"
#include "pipeline/across/vocabulary_board.h"
#include "pipeline/team/teamwork.h"

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
    pipe->n_groups = sl_n_sums(bp) + sl_n_tied_groups(bp) + sl_n_teams(bp);
    pipe->groups = sl_alloc(pipe->allocator, pipe->n_groups,
                            sizeof(struct sl_collective *));
    pipe->outcomes = sl_alloc(pipe->allocator, m, sizeof *pipe->outcomes);
    pipe->facts = sl_alloc(pipe->allocator, (size_t)sl_n_all_devices(&bp->grid),
                           sizeof *pipe->facts);
    pipe->judges = sl_alloc(pipe->allocator, 2 * m, sizeof *pipe->judges);
    pipe->update_rows = sl_alloc(pipe->allocator, (size_t)bp->updates.n_updates,
                                 sizeof *pipe->update_rows);
    pipe->update_terms =
        sl_alloc(pipe->allocator, (size_t)bp->updates.n_updates,
                 sizeof *pipe->update_terms);
    pipe->n_events = sl_alloc(pipe->allocator, k, sizeof *pipe->n_events);
    pipe->events = sl_alloc(pipe->allocator, k, sizeof *pipe->events);
    pipe->links =
        sl_alloc(pipe->allocator, sl_n_all_links(bp), sizeof(struct sl_link *));
    pipe->ends = sl_alloc(pipe->allocator, (size_t)sl_n_all_stages(&bp->grid),
                          sizeof *pipe->ends);
    pipe->edges =
        sl_alloc(pipe->allocator, sl_n_all_edges(bp), sizeof *pipe->edges);
    if (pipe->links && pipe->edges && alloc_digests(pipe) && pipe->ends &&
        pipe->devices && pipe->groups && pipe->outcomes && pipe->judges &&
        pipe->facts && pipe->update_rows && pipe->update_terms &&
        pipe->n_events && pipe->events)
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
    sl_free(pipe->allocator, pipe->edges, sl_n_all_edges(bp),
            sizeof *pipe->edges);
    sl_free(pipe->allocator, pipe->links, sl_n_all_links(bp),
            sizeof(struct sl_link *));
    sl_free(pipe->allocator, pipe->events, k, sizeof *pipe->events);
    sl_free(pipe->allocator, pipe->n_events, k, sizeof *pipe->n_events);
    sl_free(pipe->allocator, pipe->update_terms, (size_t)bp->updates.n_updates,
            sizeof *pipe->update_terms);
    sl_free(pipe->allocator, pipe->update_rows, (size_t)bp->updates.n_updates,
            sizeof *pipe->update_rows);
    sl_free(pipe->allocator, pipe->facts, (size_t)sl_n_all_devices(&bp->grid),
            sizeof *pipe->facts);
    sl_free(pipe->allocator, pipe->judges, 2 * m, sizeof *pipe->judges);
    sl_free(pipe->allocator, pipe->outcomes, m, sizeof *pipe->outcomes);
    sl_free(pipe->allocator, pipe->groups, pipe->n_groups,
            sizeof(struct sl_collective *));
    sl_free(pipe->allocator, pipe->devices, k, sizeof *pipe->devices);
}

/* Of a cut vocabulary; 0: it is whole. */
static size_t n_parts(const sluice_pipeline *pipe)
{
    const struct sl_cut_head *heads = pipe->blueprint.vocabulary.heads;
    return heads ? (size_t)heads->n_parts : 0;
}

static void free_terms(struct sl_device *device)
{
    const sluice_pipeline *pipe = device->pipe;
    sl_free(pipe->allocator, device->tied_terms,
            sl_tied_most_terms(&pipe->blueprint), sizeof(float *));
    sl_free(pipe->allocator, device->part_terms, n_parts(pipe),
            sizeof *device->part_terms);
    sl_free(pipe->allocator, device->terms, sl_n_total_terms(&pipe->blueprint),
            sizeof *device->terms);
}

static sluice_status alloc_terms(struct sl_device *device, sluice_diag *why)
{
    const sluice_pipeline *pipe = device->pipe;
    device->terms =
        sl_alloc(pipe->allocator, sl_n_total_terms(&pipe->blueprint),
                 sizeof *device->terms);
    device->tied_terms = sl_alloc(
        pipe->allocator, sl_tied_most_terms(&pipe->blueprint), sizeof(float *));
    device->part_terms =
        sl_alloc(pipe->allocator, n_parts(pipe), sizeof *device->part_terms);
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
    struct sl_cut_head *v = device->vocabulary;
    return v ? &v->parts[device->part] : NULL;
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
        .crew = pipe->crew,
        .index = index,
        .at = at,
        .part = sl_replica_device(&bp->grid, at),
        .core = {.cpu = -1, .claim = -1},
        .stages = &bp->layout.stages[first],
        .ends = &pipe->ends[first],
        .outcomes = &pipe->outcomes[sl_first_microbatch(&bp->grid, at)],
        .vocabulary =
            sl_cuts_vocabulary(pipe) ? &bp->vocabulary.heads[at.replica] : NULL,
        .board = sl_cuts_vocabulary(pipe) ? pipe->boards[at.replica] : NULL,
        .workspace = &bp->layout.workspaces[index],
        .team = sl_n_teams(bp) ? pipe->groups[pipe->n_groups - sl_n_teams(bp) +
                                              sl_team_number(bp, at)]
                               : NULL,
        .train = &bp->train[at.place],
        .forward = &bp->forward[at.place],
    };
}

static sluice_status init_device(sluice_pipeline *pipe, int i, sluice_diag *why)
{
    struct sl_device *device = &pipe->devices[i];
    struct sl_blueprint *bp = &pipe->blueprint;
    int index = bp->processes.local[i];
    *device = make_device(pipe, index);
    size_t bytes = sl_zero_arena_bytes(&bp->layout, device->at);
    if (sl_arena_init(&device->arena, bytes, pipe->allocator))
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory: device %d needs an arena of "
                               "%zu bytes",
                               index, bytes);
    if (device->vocabulary) {
        sl_cut_head_bind(device->vocabulary, device->part, &device->arena);
        sl_cut_streams_bind(device->vocabulary, device->part, &device->arena);
    }
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
    struct sl_layout *layout = &pipe->blueprint.layout;
    struct sl_cut_heads *vocabulary = &pipe->blueprint.vocabulary;
    sluice_status st = sl_zero_take_common(layout, why);
    if (!st)
        st = sl_cut_heads_take_common(vocabulary, why);
    int n_made = 0;
    while (!st && n_made < pipe->n_local) {
        st = init_device(pipe, n_made, why);
        n_made += !st;
    }
    if (st) {
        free_devices(pipe, n_made);
        sl_cut_heads_give_common(vocabulary);
        sl_zero_give_common(layout);
        return st;
    }
    sl_layout_join(layout);
    return SLUICE_OK;
}

void sl_fini_devices(sluice_pipeline *pipe)
{
    free_devices(pipe, pipe->n_local);
    sl_cut_heads_give_common(&pipe->blueprint.vocabulary);
    sl_zero_give_common(&pipe->blueprint.layout);
}
