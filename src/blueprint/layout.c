/*
 * The memory plan.  The thread that creates the pipeline.
 *
 * sl_layout_init() adds up what bind_lasting() and sl_layout_bind() take later.
 * Both must name the same parts with the same rounding: the assertion at the
 * end of sl_layout_bind() compares them to the byte.
 */
#include "blueprint/layout.h"

#include <assert.h>

#include "blueprint/stage_slots.h"
#include "nn/model/model.h"

/*
 * Sums and products of sizes, all of which fit: see sl_layout_check().
 */
static size_t floats_bytes(int64_t n)
{
    return sl_round_up((size_t)n * sizeof(float));
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

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

static void grow_workspace(struct sl_workspace *ws,
                           const struct sl_stage *stage, int64_t rows)
{
    for (int i = 0; i < stage->n_units; i++) {
        const struct sl_unit *unit = &stage->units[i];
        const sluice_layer_plan *plan = unit->plan;
        /* y, or the loss's dy, of this unit; dx towards the unit before. */
        ws->pair_bytes = larger(ws->pair_bytes, floats_bytes(rows * unit->out));
        if (i > 0)
            ws->pair_bytes =
                larger(ws->pair_bytes, floats_bytes(rows * unit->in));
        ws->saved_bytes =
            larger(ws->saved_bytes,
                   sl_round_up((size_t)(rows * plan->saved_row_bytes)));
        ws->layer_bytes =
            larger(ws->layer_bytes,
                   sl_round_up((size_t)(rows * plan->workspace_row_bytes)));
        ws->scratch_bytes =
            larger(ws->scratch_bytes, sl_round_up((size_t)plan->scratch_bytes));
    }
    ws->product_bytes =
        larger(ws->product_bytes, sl_products_scratch_bytes(stage));
}

static void make_plan(struct sl_layout *layout, int device)
{
    sluice_memory_plan *plan = &layout->plans[device];
    struct sl_workspace *ws = &layout->workspaces[device];
    for (int s = 0; s < layout->grid.n_stages; s++) {
        const struct sl_stage *stage = &layout->stages[s];
        if (stage->device != device)
            continue;
        size_t params = (size_t)stage->n_params * sizeof(float);
        plan->parameters += params;
        plan->packed += sl_products_packed_bytes(stage);
        plan->gradients += (size_t)stage->n_grads * sizeof(float);
        plan->optimizer += (size_t)layout->n_states * params;
        plan->versions += (size_t)(stage->n_versions - 1) * params;
        if (layout->asynchronous)
            plan->versions += (size_t)(1 + layout->n_states) * params;
        plan->boundary += sl_stage_slots_boundary_bytes(stage);
        plan->stash += sl_stage_slots_stash_bytes(stage);
        grow_workspace(ws, stage, layout->max_rows);
    }
    for (int i = 0; i < layout->n_edges; i++) {
        plan->boundary +=
            sl_edge_bytes(&layout->edges[i], layout->stages, device);
        ws->skip_bytes =
            larger(ws->skip_bytes, sl_edge_inner_bytes(&layout->edges[i],
                                                       layout->stages, device));
    }
    plan->workspace = 2 * ws->pair_bytes + ws->saved_bytes + ws->layer_bytes +
                      ws->scratch_bytes + ws->skip_bytes + ws->product_bytes;
    plan->total = plan->parameters + plan->packed + plan->gradients +
                  plan->optimizer + plan->versions + plan->boundary +
                  plan->stash + plan->workspace;
}

static void make_stage(struct sl_layout *layout, int s, int first_layer,
                       const struct sl_layout_input *input)
{
    struct sl_stage *stage = &layout->stages[s];
    int copy = sl_copy_of(&layout->grid, s);
    int first_unit = copy * sluice_model_n_layers(input->model) + first_layer;
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
    for (int i = 0; i < stage->n_units; i++)
        stage->units[i] = make_unit(input->model, first_layer + i);
    stage->in = stage->units[0].in;
    stage->out = stage->units[stage->n_units - 1].out;
    sl_stage_slots_place(stage, sizes, input->max_rows, input->joins);
}

/* All of it together below 2^62 bytes, whatever the cut. */
sluice_status sl_layout_check(const struct sl_layout_input *input,
                              sluice_diag *why)
{
    double bytes = 0;
    int n_layers = sluice_model_n_layers(input->model);
    double m = sluice_schedule_n_microbatches(input->schedule);
    double rows = (double)input->max_rows;
    double elements = 0; /* of parameters, each use of a tied one counted */
    for (int i = 0; i < n_layers; i++) {
        const sluice_layer_plan *plan =
            sluice_model_layer_plan(input->model, i);
        double row = (double)plan->saved_row_bytes +
                     (double)plan->workspace_row_bytes +
                     (double)sluice_element_bytes(plan->in_type) *
                         (double)sluice_shape_elements(&plan->in) +
                     16.0 * (double)sluice_shape_elements(&plan->out);
        if (plan->skip.n_dims)
            row += 8.0 * (double)sluice_shape_elements(&plan->skip);
        bytes += (rows * row + 1024) * (m + 2) + (double)plan->scratch_bytes;
        for (int p = 0; p < plan->n_params; p++)
            elements += (double)sluice_shape_elements(&plan->params[p].shape);
    }
    double updates = sluice_schedule_n_updates(input->schedule);
    /* Each version has up to two packed copies. */
    bytes += (5.0 + 2.0 * input->n_states + 3.0 * updates) * 8.0 * elements;
    bytes *= sluice_schedule_n_copies(input->schedule);
    if (bytes < 0x1p62)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "the pipeline would need %.3g bytes; use a smaller "
                           "model, batch or number of micro-batches",
                           bytes);
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

/* Replicas are equal except for the addresses of their buffers, so replica 0 is
 * computed and the others are copied from it. */
static void copy_replica(struct sl_layout *layout, int replica)
{
    const struct sl_coordinates at = {.replica = replica};
    struct sl_stage *stages =
        &layout->stages[sl_first_stage(&layout->grid, at)];
    struct sl_workspace *workspaces =
        &layout->workspaces[sl_device_index(&layout->grid, at)];
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
    for (int s = 0; s < layout->grid.n_stages; s++) {
        stages[s] = layout->stages[s];
        stages[s].units = units + (layout->stages[s].units - layout->units);
    }
    for (int d = 0; d < layout->grid.n_devices; d++)
        workspaces[d] = layout->workspaces[d];
    for (int i = 0; i < layout->n_edges; i++)
        layout->edges[replica * layout->n_edges + i] = layout->edges[i];
}

static size_t n_all_offsets(const struct sl_layout *layout)
{
    return 2 * (size_t)layout->grid.n_copies * (size_t)layout->n_tensors;
}

static size_t n_all_pointers(const struct sl_layout *layout)
{
    return (size_t)layout->grid.n_replicas * layout->n_pointers;
}

/* All stages of a replica, and how many pointers their tensors take. */
static void make_stages(struct sl_layout *layout,
                        const struct sl_layout_input *input)
{
    int first_layer = 0, first_tensor = 0;
    int64_t *offsets = layout->offsets;
    for (int s = 0; s < layout->grid.n_stages; s++) {
        if (sl_is_first_part(&layout->grid, s))
            first_layer = first_tensor = 0;
        make_stage(layout, s, first_layer, input);
        first_tensor = sl_tensors_number(&layout->stages[s], first_tensor);
        offsets =
            sl_tensors_place(&layout->stages[s], layout->tensors, offsets);
        layout->n_pointers += sl_tensors_n_pointers(&layout->stages[s]);
        first_layer += input->stage_layers[s];
    }
}

static sluice_status settle_products(struct sl_layout *layout,
                                     const struct sl_products_choice *choice,
                                     sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    sl_products_share(layout->units, layout->n_units, layout->products);
    for (int s = 0; s < layout->grid.n_stages && !st; s++)
        st = sl_products_settle(&layout->stages[s], layout->products, choice,
                                why);
    return st;
}

sluice_status sl_layout_init(struct sl_layout *layout,
                             const struct sl_layout_input *input,
                             sluice_diag *why)
{
    *layout = (struct sl_layout){
        .allocator = input->allocator,
        .grid = input->grid,
        .n_units = input->grid.n_copies * sluice_model_n_layers(input->model),
        .n_tensors = sl_n_tensors(input->model),
        .n_states = input->n_states,
        .asynchronous = input->asynchronous,
        .max_rows = input->max_rows,
        .n_edges = sl_n_edges(input->model, &input->grid),
        .n_products = input->grid.n_copies * sl_products_count(input->model),
    };
    layout->stages = sl_alloc(input->allocator, n_all_stages(layout),
                              sizeof *layout->stages);
    layout->units =
        sl_alloc(input->allocator, n_all_units(layout), sizeof *layout->units);
    layout->products = sl_alloc(input->allocator, n_all_products(layout),
                                sizeof *layout->products);
    layout->workspaces = sl_alloc(input->allocator, n_all_devices(layout),
                                  sizeof *layout->workspaces);
    layout->plans = sl_alloc(input->allocator, (size_t)layout->grid.n_devices,
                             sizeof *layout->plans);
    layout->tensors = sl_alloc(input->allocator, (size_t)layout->n_tensors,
                               sizeof *layout->tensors);
    layout->offsets = sl_alloc(input->allocator, n_all_offsets(layout),
                               sizeof *layout->offsets);
    layout->edges =
        sl_alloc(input->allocator, n_all_edges(layout), sizeof *layout->edges);
    if (!layout->edges || !layout->stages || !layout->units ||
        !layout->products || !layout->workspaces || !layout->plans ||
        !layout->tensors || !layout->offsets)
        goto no_memory;
    sl_tensors_describe(input->model, layout->tensors);
    make_stages(layout, input);
    for (int i = 0; i < layout->n_edges; i++) {
        layout->edges[i] = input->edges[i];
        sl_edge_join(&layout->edges[i], layout->stages);
    }
    layout->pointers = sl_alloc(input->allocator, n_all_pointers(layout),
                                sizeof *layout->pointers);
    if (!layout->pointers)
        goto no_memory;
    sluice_status st = settle_products(layout, &input->products, why);
    if (st) {
        sl_layout_fini(layout);
        return st;
    }
    for (int d = 0; d < layout->grid.n_devices; d++)
        make_plan(layout, d);
    for (int r = 1; r < layout->grid.n_replicas; r++)
        copy_replica(layout, r);
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
    sl_free(layout->allocator, layout->pointers, n_all_pointers(layout),
            sizeof *layout->pointers);
    sl_free(layout->allocator, layout->offsets, n_all_offsets(layout),
            sizeof *layout->offsets);
    sl_free(layout->allocator, layout->edges, n_all_edges(layout),
            sizeof *layout->edges);
    sl_free(layout->allocator, layout->tensors, (size_t)layout->n_tensors,
            sizeof *layout->tensors);
    sl_free(layout->allocator, layout->plans, (size_t)layout->grid.n_devices,
            sizeof *layout->plans);
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
                         struct sl_arena *arena)
{
    size_t params = (size_t)stage->n_params * sizeof(float);
    stage->versions = sl_arena_take(arena, (size_t)stage->n_versions * params);
    stage->params = stage->versions;
    stage->grads = sl_arena_take(arena, (size_t)stage->n_grads * sizeof(float));
    for (int i = 0; i < layout->n_states; i++)
        stage->states[i] = sl_arena_take(arena, params);
    if (layout->asynchronous)
        stage->backup =
            sl_arena_take(arena, (size_t)(1 + layout->n_states) * params);
    sl_tensors_bind(stage);
    sl_stage_slots_bind_boundary(stage, arena);
}

static bool is_mine(const struct sl_stage *stage, struct sl_coordinates at)
{
    return stage->device == at.place;
}

void sl_layout_bind(struct sl_layout *layout, struct sl_coordinates at,
                    struct sl_arena *arena)
{
    struct sl_stage *stages =
        &layout->stages[sl_first_stage(&layout->grid, at)];
    struct sl_workspace *ws =
        &layout->workspaces[sl_device_index(&layout->grid, at)];
    for (int s = 0; s < layout->grid.n_stages; s++)
        if (is_mine(&stages[s], at))
            bind_lasting(layout, &stages[s], arena);
    for (int i = 0; i < layout->n_edges; i++)
        sl_edge_bind(&layout->edges[at.replica * layout->n_edges + i], stages,
                     at.place, arena);
    ws->spare = arena->base + arena->used;
    ws->spare_bytes = arena->size - arena->used;
    ws->product = sl_arena_take(arena, ws->product_bytes);
    for (int s = 0; s < layout->grid.n_stages; s++) {
        if (!is_mine(&stages[s], at))
            continue;
        sl_products_bind(&stages[s], arena, ws->product);
        sl_stage_slots_bind_stash(&stages[s], arena);
    }
    ws->skip = sl_arena_take(arena, ws->skip_bytes);
    ws->pair[0] = sl_arena_take(arena, ws->pair_bytes);
    ws->pair[1] = sl_arena_take(arena, ws->pair_bytes);
    ws->saved = sl_arena_take(arena, ws->saved_bytes);
    ws->layer = sl_arena_take(arena, ws->layer_bytes);
    ws->scratch = sl_arena_take(arena, ws->scratch_bytes);
    assert(arena->used == arena->size);
}
