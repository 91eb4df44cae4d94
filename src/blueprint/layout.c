/*
 * The memory plan.  The thread that creates the pipeline.
 *
 * sl_layout_init() adds up what bind_lasting() and sl_layout_bind() take later.
 * Both must name the same parts with the same rounding: the assertion at the
 * end of sl_layout_bind() compares them to the byte.
 */
#include "blueprint/layout.h"

#include <assert.h>

#include "blueprint/abroad/parted.h"
#include "blueprint/arena/memory_plan.h"
#include "blueprint/shards/zero.h"
#include "blueprint/stage_slots.h"
#include "nn/model/model.h"

static struct sl_unit make_unit(const sluice_model *model, int layer)
{
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, layer);
    return (struct sl_unit){
        .ops = sluice_model_layer(model, layer),
        .config = sl_model_layer_config(model, layer),
        .plan = plan,
        .layer = layer,
        .in = sluice_shape_elements(&plan->in),
        .out = sluice_shape_elements(&plan->out),
    };
}

/* The stages of a replica, as the shard holds them. */
static struct sl_stage *stages_of(const struct sl_layout *layout,
                                  struct sl_coordinates at)
{
    return &layout->stages[sl_first_stage(&layout->grid, at)];
}

static struct sl_workspace *workspace_of(const struct sl_layout *layout,
                                         struct sl_coordinates at)
{
    return &layout->workspaces[sl_device_index(&layout->grid, at)];
}

static void make_stage(struct sl_layout *layout, int shard, int s,
                       int first_layer, const struct sl_layout_input *input)
{
    const struct sl_coordinates at = {.shard = shard};
    struct sl_stage *stage = &stages_of(layout, at)[s];
    int copy = shard * layout->grid.n_copies + sl_copy_of(&layout->grid, s);
    int first_unit = copy * layout->n_layers + first_layer;
    const struct sl_ring_sizes *sizes = &input->sizes[s];
    *stage = (struct sl_stage){
        .index = s,
        .device = sluice_schedule_stage_device(input->schedule, s),
        .n_units = input->stage_layers[s],
        .units = &layout->units[first_unit],
        .is_first = sl_is_first_part(&layout->grid, s),
        .is_last = sl_is_last_part(&layout->grid, s),
        .splits = sizes->splits,
        .recomputes = sizes->recomputes,
        .n_versions = input->versions[s],
    };
    for (int i = 0; i < stage->n_units; i++) {
        stage->units[i] = make_unit(input->model, first_layer + i);
        stage->units[i].owner = layout->owners[first_layer + i];
    }
    stage->in = stage->units[0].in;
    stage->out = stage->units[stage->n_units - 1].out;
    sl_stage_slots_place(stage, sizes, input->max_rows, input->joins);
}

static size_t n_all_stages(const struct sl_layout *layout)
{
    return (size_t)sl_n_all_stages(&layout->grid);
}

static size_t n_all_units(const struct sl_layout *layout)
{
    return (size_t)layout->grid.n_replicas * (size_t)layout->n_units;
}

static size_t n_all_products(const struct sl_layout *layout)
{
    return (size_t)layout->grid.n_replicas * (size_t)layout->n_products;
}

static size_t n_all_edges(const struct sl_layout *layout)
{
    return (size_t)layout->grid.n_replicas * (size_t)layout->n_edges;
}

static size_t n_all_devices(const struct sl_layout *layout)
{
    return (size_t)sl_n_all_devices(&layout->grid);
}

/* Replicas are equal except for the addresses of their buffers, and for what
 * each updates, so replica 0 is computed and the others are copied from it. */
static void copy_replica(struct sl_layout *layout, int replica)
{
    const struct sl_coordinates at = {.replica = replica};
    struct sl_stage *stages = stages_of(layout, at);
    struct sl_workspace *workspaces = workspace_of(layout, at);
    struct sl_unit *units =
        &layout->units[(size_t)replica * (size_t)layout->n_units];
    struct sluice_product *products =
        &layout->products[(size_t)replica * (size_t)layout->n_products];
    for (int i = 0; i < layout->n_products; i++)
        products[i] = layout->products[i];
    for (int i = 0; i < layout->n_units; i++) {
        units[i] = layout->units[i];
        units[i].products =
            products + (layout->units[i].products - layout->products);
        if (units[i].edge)
            units[i].edge += replica * layout->n_edges;
    }
    for (int s = 0; s < layout->grid.n_shards * layout->grid.n_stages; s++) {
        stages[s] = layout->stages[s];
        stages[s].units = units + (layout->stages[s].units - layout->units);
    }
    for (int d = 0; d < sl_n_replica_devices(&layout->grid); d++)
        workspaces[d] = layout->workspaces[d];
    for (int i = 0; i < layout->n_edges; i++)
        layout->edges[replica * layout->n_edges + i] = layout->edges[i];
}

/* As each shard holds them. */
static size_t n_all_tensors(const struct sl_layout *layout)
{
    return (size_t)layout->grid.n_shards * (size_t)layout->n_tensors;
}

static size_t n_all_offsets(const struct sl_layout *layout)
{
    return 2 * (size_t)layout->grid.n_copies * n_all_tensors(layout);
}

static size_t n_all_pointers(const struct sl_layout *layout)
{
    return (size_t)layout->grid.n_replicas * layout->n_pointers;
}

static size_t n_all_shard_pointers(const struct sl_layout *layout)
{
    return (size_t)layout->grid.n_replicas * layout->n_shard_pointers;
}

/* All stages of replica 0 as a shard holds them, whose offsets begin at
 * `offsets`, and how many pointers their tensors take. */
static void make_stages(struct sl_layout *layout, int shard, int64_t *offsets,
                        const struct sl_layout_input *input)
{
    const struct sl_coordinates at = {.shard = shard};
    const struct sl_team_shard team = {layout->grid.n_shards, shard,
                                       layout->owners, input->elsewhere};
    struct sl_tensor *tensors = layout->tensors + shard * layout->n_tensors;
    struct sl_stage *stages = stages_of(layout, at);
    int first_layer = 0, first_tensor = 0;
    sl_tensors_describe(input->model, &team, tensors);
    for (int s = 0; s < layout->grid.n_stages; s++) {
        if (sl_is_first_part(&layout->grid, s))
            first_layer = first_tensor = 0;
        make_stage(layout, shard, s, first_layer, input);
        first_tensor = sl_tensors_number(&stages[s], first_tensor);
        offsets = sl_tensors_place(&stages[s], tensors, offsets);
        layout->n_pointers += sl_tensors_n_pointers(&stages[s]);
        if (layout->grid.n_shards > 1)
            layout->n_shard_pointers += sl_tensors_n_weights(&stages[s]);
        first_layer += input->stage_layers[s];
    }
}

static void make_shards(struct sl_layout *layout,
                        const struct sl_layout_input *input)
{
    size_t n_offsets = n_all_offsets(layout) / (size_t)layout->grid.n_shards;
    sl_tensors_own(input->model, layout->grid.n_shards, layout->owners);
    for (int i = 0; i < layout->n_edges; i++)
        layout->edges[i] = input->edges[i];
    for (int shard = 0; shard < layout->grid.n_shards; shard++) {
        const struct sl_coordinates at = {.shard = shard};
        make_stages(layout, shard, layout->offsets + (size_t)shard * n_offsets,
                    input);
        for (int i = 0; i < layout->n_edges; i++)
            sl_edge_join(&layout->edges[i], stages_of(layout, at));
    }
}

/* Each shard has products of its own. */
static sluice_status settle_products(struct sl_layout *layout,
                                     const struct sl_products_choice *choice,
                                     sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    int n = layout->n_products / layout->grid.n_shards;
    struct sl_products_choice own = *choice;
    sl_products_share(layout->units, layout->n_units, layout->products);
    own.n_shards = layout->grid.n_shards;
    for (own.shard = 0; own.shard < own.n_shards; own.shard++) {
        const struct sl_coordinates at = {.shard = own.shard};
        for (int s = 0; s < layout->grid.n_stages && !st; s++)
            st =
                sl_products_settle(&stages_of(layout, at)[s],
                                   layout->products + own.shard * n, &own, why);
    }
    return st;
}

/* Pointers of all stages, which their tensors share. */
static bool share_pointers(struct sl_layout *layout)
{
    layout->pointers = sl_alloc(layout->allocator, n_all_pointers(layout),
                                sizeof *layout->pointers);
    layout->shard_pointers =
        sl_alloc(layout->allocator, n_all_shard_pointers(layout),
                 sizeof *layout->shard_pointers);
    return layout->pointers && layout->shard_pointers;
}

/* What describes the pipeline, before anything is in it.  Returns whether there
 * was memory. */
static bool take_arrays(struct sl_layout *layout)
{
    layout->stages = sl_alloc(layout->allocator, n_all_stages(layout),
                              sizeof *layout->stages);
    layout->units =
        sl_alloc(layout->allocator, n_all_units(layout), sizeof *layout->units);
    layout->products = sl_alloc(layout->allocator, n_all_products(layout),
                                sizeof *layout->products);
    layout->workspaces = sl_alloc(layout->allocator, n_all_devices(layout),
                                  sizeof *layout->workspaces);
    layout->plans =
        sl_alloc(layout->allocator, (size_t)sl_n_replica_devices(&layout->grid),
                 sizeof *layout->plans);
    layout->tensors = sl_alloc(layout->allocator, n_all_tensors(layout),
                               sizeof *layout->tensors);
    layout->owners = sl_alloc(layout->allocator, (size_t)layout->n_layers,
                              sizeof *layout->owners);
    layout->offsets = sl_alloc(layout->allocator, n_all_offsets(layout),
                               sizeof *layout->offsets);
    layout->edges =
        sl_alloc(layout->allocator, n_all_edges(layout), sizeof *layout->edges);
    return layout->edges && layout->stages && layout->units &&
           layout->products && layout->workspaces && layout->plans &&
           layout->tensors && layout->offsets && layout->owners;
}

sluice_status sl_layout_init(struct sl_layout *layout,
                             const struct sl_layout_input *input,
                             sluice_diag *why)
{
    *layout = (struct sl_layout){
        .allocator = input->allocator,
        .grid = input->grid,
        .n_units = input->grid.n_shards * input->grid.n_copies *
                   sluice_model_n_layers(input->model),
        .n_layers = sluice_model_n_layers(input->model),
        .n_tensors = sl_n_tensors(input->model),
        .n_states = input->n_states,
        .asynchronous = input->updates->asynchronous,
        .zero = input->updates->zero,
        .brings = input->updates->brings,
        .max_rows = input->max_rows,
        .n_edges = sl_n_edges(input->model, &input->grid),
        .n_products = input->grid.n_shards * input->grid.n_copies *
                      sl_products_count(input->model),
    };
    if (!take_arrays(layout))
        goto no_memory;
    make_shards(layout, input);
    sl_zero_share(layout, input->updates);
    sl_part_boundaries(input->processes, layout);
    if (!share_pointers(layout))
        goto no_memory;
    sluice_status st = settle_products(layout, &input->products, why);
    if (st) {
        sl_layout_fini(layout);
        return st;
    }
    for (int d = 0; d < sl_n_replica_devices(&layout->grid) && layout->brings;
         d++)
        layout->workspaces[d].n_rooms = input->rooms[d / layout->grid.n_shards];
    sl_layout_plan_memory(layout);
    for (int r = 1; r < layout->grid.n_replicas; r++)
        copy_replica(layout, r);
    sl_zero_share(layout, input->updates);
    float **pointers = layout->pointers;
    for (size_t s = 0; s < n_all_stages(layout); s++)
        pointers = sl_tensors_share(&layout->stages[s], pointers);
    return SLUICE_OK;

no_memory:
    sl_layout_fini(layout);
    return sl_no_memory(why, "the memory plan");
}

void sl_layout_fini(struct sl_layout *layout)
{
    sl_free(layout->allocator, layout->shard_pointers,
            n_all_shard_pointers(layout), sizeof *layout->shard_pointers);
    sl_free(layout->allocator, layout->pointers, n_all_pointers(layout),
            sizeof *layout->pointers);
    sl_free(layout->allocator, layout->owners, (size_t)layout->n_layers,
            sizeof *layout->owners);
    sl_free(layout->allocator, layout->offsets, n_all_offsets(layout),
            sizeof *layout->offsets);
    sl_free(layout->allocator, layout->edges, n_all_edges(layout),
            sizeof *layout->edges);
    sl_free(layout->allocator, layout->tensors, n_all_tensors(layout),
            sizeof *layout->tensors);
    sl_free(layout->allocator, layout->plans,
            (size_t)sl_n_replica_devices(&layout->grid), sizeof *layout->plans);
    sl_free(layout->allocator, layout->workspaces, n_all_devices(layout),
            sizeof *layout->workspaces);
    sl_free(layout->allocator, layout->products, n_all_products(layout),
            sizeof *layout->products);
    sl_free(layout->allocator, layout->units, n_all_units(layout),
            sizeof *layout->units);
    sl_free(layout->allocator, layout->stages, n_all_stages(layout),
            sizeof *layout->stages);
    *layout = (struct sl_layout){0};
}

/* What other devices read too, or what lasts beyond the step. */
static void bind_lasting(const struct sl_layout *layout, struct sl_stage *stage,
                         int shard, float *in_turn, struct sl_arena *arena)
{
    size_t params = (size_t)stage->n_params * sizeof(float);
    if (layout->brings)
        stage->own_params =
            sl_arena_take(arena, (size_t)stage->n_states * sizeof(float));
    else if (layout->zero < SL_ZERO_PARAMETERS)
        stage->versions =
            sl_arena_take(arena, (size_t)stage->n_versions * params);
    stage->params = stage->versions;
    sl_zero_bind_gradients(stage, in_turn, arena);
    for (int i = 0; i < layout->n_states; i++)
        stage->states[i] =
            sl_arena_take(arena, (size_t)stage->n_states * sizeof(float));
    if (layout->asynchronous)
        stage->backup =
            sl_arena_take(arena, (size_t)(1 + layout->n_states) * params);
    sl_tensors_bind(stage);
    sl_stage_slots_bind_boundary(stage, shard, arena);
}

/* A part of the workspace, if the device has it. */
static void *take_part(const struct sl_workspace *ws, enum sl_shared_part part,
                       int shard, struct sl_arena *arena)
{
    if (ws->holders[part] != shard)
        return NULL;
    return sl_arena_take(arena, sl_workspace_bytes(ws, part));
}

void sl_layout_bind(struct sl_layout *layout, struct sl_coordinates at,
                    struct sl_arena *arena)
{
    struct sl_stage *stages = stages_of(layout, at);
    struct sl_workspace *ws = workspace_of(layout, at);
    float *in_turn = NULL;
    if (ws->gradient_bytes > 0)
        in_turn = sl_arena_take(arena, ws->gradient_bytes);
    ws->rooms = sl_arena_take(arena, (size_t)ws->n_rooms * ws->room_bytes);
    for (int s = 0; s < layout->grid.n_stages; s++) {
        if (stages[s].device != at.place)
            continue;
        if (layout->brings)
            stages[s].versions = ws->rooms;
        bind_lasting(layout, &stages[s], at.shard, in_turn, arena);
    }
    for (int i = 0; i < layout->n_edges; i++)
        sl_edge_bind(&layout->edges[at.replica * layout->n_edges + i], stages,
                     at.place, at.shard, arena);
    ws->spare = arena->base + arena->used;
    ws->spare_bytes = arena->size - arena->used;
    ws->product = sl_arena_take(arena, ws->product_bytes);
    for (int s = 0; s < layout->grid.n_stages; s++) {
        if (stages[s].device != at.place)
            continue;
        sl_products_bind(&stages[s], arena, ws->product);
        sl_stage_slots_bind_stash(&stages[s], at.shard, arena);
    }
    ws->skip = take_part(ws, SL_SKIP, at.shard, arena);
    ws->pair[0] = take_part(ws, SL_PAIR_0, at.shard, arena);
    ws->pair[1] = take_part(ws, SL_PAIR_1, at.shard, arena);
    ws->saved = take_part(ws, SL_SAVED, at.shard, arena);
    ws->layer = take_part(ws, SL_LAYER, at.shard, arena);
    ws->scratch = sl_arena_take(arena, ws->scratch_bytes);
    assert(arena->used == arena->size);
}
