/* Joining teams.  The thread that creates the pipeline. */
#include "blueprint/shards/join.h"

#include "blueprint/stage_slots.h"
#include "tensor/gemm/team_product.h"

/* A stage of a replica, as shard `shard` holds it. */
static struct sl_stage *stage_of(const struct sl_layout *layout, int replica,
                                 int shard, int s)
{
    const struct sl_coordinates at = {.replica = replica, .shard = shard};
    return &layout->stages[sl_first_stage(&layout->grid, at) + s];
}

/* Slots and edges lie in the arenas that hold them: all use them there. */
static void share_slots(const struct sl_layout *layout, int replica, int s)
{
    int n = layout->grid.n_shards;
    for (int holder = 0; holder < n; holder++)
        for (int other = 0; other < n; other++)
            sl_stage_slots_lend(stage_of(layout, replica, holder, s), holder,
                                stage_of(layout, replica, other, s));
}

/* The shard that has all of a tensor that is not divided; -1: it is. */
static int holder_of(const struct sl_layout *layout, int tensor)
{
    const struct sl_tensor *about = layout->tensors;
    const int n = layout->grid.n_shards;
    int holder = -1, n_holders = 0;
    for (int shard = 0; shard < n; shard++, about += layout->n_tensors)
        if (about[tensor].shard.n_runs > 0) {
            holder = shard;
            n_holders++;
        }
    return n_holders == 1 ? holder : -1;
}

/* What one shard has all of the others read, and write gradients of, there. */
static void lend(const struct sl_unit *from, int n_versions, int p,
                 struct sl_unit *to)
{
    int n = from->plan->n_params;
    for (int v = 0; v < n_versions; v++)
        to->params[v * n + p] = from->params[v * n + p];
    to->grads[p] = from->grads[p];
}

static void share_params(const struct sl_layout *layout, int replica, int s,
                         int i)
{
    int n_shards = layout->grid.n_shards;
    const struct sl_stage *stage = stage_of(layout, replica, 0, s);
    const struct sl_unit *unit = &stage->units[i];
    int n = unit->plan->n_params;
    for (int p = 0; p < n; p++) {
        int holder = holder_of(layout, unit->first_tensor + p);
        const struct sl_unit *from =
            &stage_of(layout, replica, holder < 0 ? 0 : holder, s)->units[i];
        for (int shard = 0; shard < n_shards && holder >= 0; shard++)
            lend(from, stage->n_versions, p,
                 &stage_of(layout, replica, shard, s)->units[i]);
    }
    for (int k = 0; k < stage->n_versions * n; k++)
        for (int shard = 0; shard < n_shards; shard++)
            unit->shards[k * n_shards + shard] =
                stage_of(layout, replica, shard, s)->units[i].params[k];
}

/* A unit's products that the team makes together. */
static void join_products(const struct sl_layout *layout, int replica, int s,
                          int i)
{
    int n = layout->grid.n_shards;
    for (int shard = 0; shard < n; shard++) {
        struct sl_unit *unit = &stage_of(layout, replica, shard, s)->units[i];
        const struct sl_unit *next =
            &stage_of(layout, replica, (shard + 1) % n, s)->units[i];
        for (int k = 0; k < unit->plan->n_products; k++)
            if (unit->products[k].cut.n_shards == n)
                sl_team_product_join(&unit->products[k], &next->products[k]);
    }
}

/* Each unit's part of an array of pointers.  Returns what is behind it. */
static const float **share_pointers(const struct sl_layout *layout, int replica,
                                    int s, const float **pointers)
{
    int n_shards = layout->grid.n_shards;
    const struct sl_stage *stage = stage_of(layout, replica, 0, s);
    for (int i = 0; i < stage->n_units; i++) {
        for (int shard = 0; shard < n_shards; shard++)
            stage_of(layout, replica, shard, s)->units[i].shards = pointers;
        pointers +=
            stage->n_versions * stage->units[i].plan->n_params * n_shards;
        share_params(layout, replica, s, i);
        join_products(layout, replica, s, i);
    }
    return pointers;
}

/* Where a shard has a parameter of its own in one of its rooms. */
static float *place_in_room(const struct sl_layout *layout,
                            struct sl_coordinates at, int s, int i, int p,
                            int room)
{
    const struct sl_workspace *ws =
        &layout->workspaces[sl_device_index(&layout->grid, at)];
    const struct sl_stage *stage = stage_of(layout, at.replica, at.shard, s);
    return sl_workspace_room(ws, room) + stage->units[i].param_at[p];
}

/* All of a team do the same with their rooms, at fixed addresses: each knows
 * where the others have theirs.  What all read is the leader's to write, before
 * they meet. */
static void bring_param(const struct sl_layout *layout,
                        struct sl_coordinates at, int s, int i, int p, int room)
{
    const int n = layout->grid.n_shards;
    const struct sl_unit *unit =
        &stage_of(layout, at.replica, at.shard, s)->units[i];
    const int holder = holder_of(layout, unit->first_tensor + p);
    struct sl_coordinates from = at;
    if (holder >= 0)
        from.shard = holder;
    unit->params[p] = place_in_room(layout, from, s, i, p, room);
    for (int shard = 0; n > 1 && at.shard == 0 && shard < n; shard++) {
        from.shard = holder < 0 ? shard : holder;
        unit->shards[p * n + shard] =
            place_in_room(layout, from, s, i, p, room);
    }
}

void sl_layout_bring(const struct sl_layout *layout, struct sl_coordinates at,
                     int s, int room)
{
    const struct sl_workspace *ws =
        &layout->workspaces[sl_device_index(&layout->grid, at)];
    struct sl_stage *stage = stage_of(layout, at.replica, at.shard, s);
    stage->params = sl_workspace_room(ws, room);
    stage->versions = stage->params;
    for (int i = 0; i < stage->n_units; i++)
        for (int p = 0; p < stage->units[i].plan->n_params; p++)
            bring_param(layout, at, s, i, p, room);
}

static void share_workspace(const struct sl_layout *layout, int replica,
                            int place)
{
    const struct sl_coordinates first = {place, replica, 0};
    struct sl_workspace *team =
        &layout->workspaces[sl_device_index(&layout->grid, first)];
    for (int shard = 0; shard < layout->grid.n_shards; shard++) {
        struct sl_workspace *ws = &team[shard];
        ws->pair[0] = team[ws->holders[SL_PAIR_0]].pair[0];
        ws->pair[1] = team[ws->holders[SL_PAIR_1]].pair[1];
        ws->saved = team[ws->holders[SL_SAVED]].saved;
        ws->layer = team[ws->holders[SL_LAYER]].layer;
        ws->skip = team[ws->holders[SL_SKIP]].skip;
    }
}

void sl_layout_join(struct sl_layout *layout)
{
    const float **pointers = layout->shard_pointers;
    if (layout->grid.n_shards == 1)
        return;
    for (int r = 0; r < layout->grid.n_replicas; r++) {
        for (int s = 0; s < layout->grid.n_stages; s++) {
            share_slots(layout, r, s);
            pointers = share_pointers(layout, r, s, pointers);
        }
        for (int p = 0; p < layout->grid.n_devices; p++)
            share_workspace(layout, r, p);
    }
}
