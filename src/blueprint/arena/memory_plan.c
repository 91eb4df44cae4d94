/*
 * Adding up the memory of each device, to the byte.  The thread that creates
 * the pipeline.
 *
 * Sums and products of sizes, all of which fit: see sl_layout_check().
 */
#include "blueprint/arena/memory_plan.h"

#include "blueprint/shards/zero.h"
#include "blueprint/stage_slots.h"

static size_t floats_bytes(int64_t n)
{
    return sl_round_up((size_t)n * sizeof(float));
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
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

size_t sl_workspace_bytes(const struct sl_workspace *ws,
                          enum sl_shared_part part)
{
    const size_t bytes[SL_N_SHARED_PARTS] = {
        [SL_PAIR_0] = ws->pair_bytes, [SL_PAIR_1] = ws->pair_bytes,
        [SL_SAVED] = ws->saved_bytes, [SL_LAYER] = ws->layer_bytes,
        [SL_SKIP] = ws->skip_bytes,
    };
    return bytes[part];
}

static bool is_at(const struct sl_stage *stage, struct sl_coordinates at)
{
    return stage->device == at.place;
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

/* Sizes of the workspace of a device of replica 0. */
static void size_workspace(struct sl_layout *layout, struct sl_coordinates at)
{
    const struct sl_stage *stages = stages_of(layout, at);
    struct sl_workspace *ws = workspace_of(layout, at);
    ws->gradient_bytes = sl_zero_in_turn_bytes(layout, stages, at.place);
    ws->room_bytes = sl_zero_room_bytes(layout, stages, at.place);
    for (int s = 0; s < layout->grid.n_stages; s++)
        if (is_at(&stages[s], at))
            grow_workspace(ws, &stages[s], layout->max_rows);
    for (int i = 0; i < layout->n_edges; i++)
        ws->skip_bytes =
            larger(ws->skip_bytes,
                   sl_edge_inner_bytes(&layout->edges[i], stages, at.place));
}

/* What a team shares goes to its devices in turn; each of them works out the
 * same. */
static void spread(struct sl_layout *layout, struct sl_coordinates at)
{
    struct sl_stage *stages = stages_of(layout, at);
    struct sl_workspace *ws = workspace_of(layout, at);
    struct sl_spread to = {.n_shards = layout->grid.n_shards};
    for (int s = 0; s < layout->grid.n_stages; s++)
        if (is_at(&stages[s], at))
            sl_stage_slots_spread(&stages[s], &to);
    for (int i = 0; i < layout->n_edges; i++)
        sl_edge_spread(&layout->edges[i], stages, at.place, &to);
    for (int part = 0; part < SL_N_SHARED_PARTS; part++)
        ws->holders[part] = sl_spread_next(&to, sl_workspace_bytes(ws, part));
}

static void add_stage(const struct sl_layout *layout,
                      const struct sl_workspace *ws,
                      const struct sl_stage *stage, int shard,
                      sluice_memory_plan *plan)
{
    size_t params = (size_t)stage->n_params * sizeof(float);
    plan->parameters += sl_zero_parameter_bytes(layout, stage);
    plan->packed += sl_products_packed_bytes(stage);
    plan->gradients += sl_zero_gradient_bytes(ws, stage);
    plan->optimizer +=
        (size_t)layout->n_states * (size_t)stage->n_states * sizeof(float);
    plan->versions += (size_t)(stage->n_versions - 1) * params;
    if (layout->asynchronous)
        plan->versions += (size_t)(1 + layout->n_states) * params;
    plan->boundary += sl_stage_slots_boundary_bytes(stage, shard);
    plan->stash += sl_stage_slots_stash_bytes(stage, shard);
}

static void make_plan(struct sl_layout *layout, struct sl_coordinates at)
{
    sluice_memory_plan *plan =
        &layout->plans[sl_replica_device(&layout->grid, at)];
    const struct sl_stage *stages = stages_of(layout, at);
    const struct sl_workspace *ws = workspace_of(layout, at);
    plan->gradients = ws->gradient_bytes;
    plan->parameters = (size_t)ws->n_rooms * ws->room_bytes;
    for (int s = 0; s < layout->grid.n_stages; s++)
        if (is_at(&stages[s], at))
            add_stage(layout, ws, &stages[s], at.shard, plan);
    for (int i = 0; i < layout->n_edges; i++)
        plan->boundary +=
            sl_edge_bytes(&layout->edges[i], stages, at.place, at.shard);
    plan->workspace = ws->scratch_bytes + ws->product_bytes;
    for (int part = 0; part < SL_N_SHARED_PARTS; part++)
        if (ws->holders[part] == at.shard)
            plan->workspace += sl_workspace_bytes(ws, part);
    plan->total = plan->parameters + plan->packed + plan->gradients +
                  plan->optimizer + plan->versions + plan->boundary +
                  plan->stash + plan->workspace;
}

void sl_layout_plan_memory(struct sl_layout *layout)
{
    for (int i = 0; i < sl_n_replica_devices(&layout->grid); i++) {
        struct sl_coordinates at = sl_coordinates_of(&layout->grid, i);
        size_workspace(layout, at);
        spread(layout, at);
        make_plan(layout, at);
    }
}
