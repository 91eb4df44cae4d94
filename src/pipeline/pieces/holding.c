/* Which device holds which elements.  The caller, between steps. */
#include "pipeline/pieces/holding.h"

#include "pipeline/abroad/abroad.h"

/* The stage in which a layer is, as a shard of holder number `holder` of its
 * part has it; every layer is in one. */
static const struct sl_stage *stage_of(const sluice_pipeline *pipe, int holder,
                                       int shard, int layer)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    const struct sl_stage *stage = NULL;
    for (int part = 0; part < layout->grid.depth; part++) {
        const struct sl_stage *next =
            &layout->stages[sl_held_stage(&layout->grid, holder, shard, part)];
        if (layer >= next->units[0].layer)
            stage = next;
    }
    return stage;
}

bool sl_item_is_shared(const struct sl_blueprint *bp,
                       struct sl_tensor_item item)
{
    return bp->updates.zero > 0 &&
           (item.state != SL_VALUES || bp->updates.brings);
}

int sl_holding_process(const sluice_pipeline *pipe, int holder,
                       struct sl_tensor_item item)
{
    int replica = holder / pipe->blueprint.grid.n_copies;
    return sl_abroad_process(pipe, replica,
                             stage_of(pipe, holder, 0, item.layer));
}

bool sl_is_held_here(const sluice_pipeline *pipe, int holder,
                     struct sl_tensor_item item)
{
    return sl_holding_process(pipe, holder, item) ==
           pipe->blueprint.processes.rank;
}

/* Where the first of these elements lies. */
static float *place_of(const struct sl_stage *stage, const struct sl_unit *unit,
                       struct sl_tensor_item item, bool shared,
                       struct sl_chunk piece)
{
    if (item.state == SL_VALUES)
        return sl_unit_weights(stage, unit, item.param, piece);
    if (item.state != SL_GRADIENT)
        return sl_unit_state(stage, unit, item.param, item.state, piece);
    return shared ? sl_unit_gradient(stage, unit, item.param, piece)
                  : unit->grads[item.param];
}

struct sl_holding sl_holding_at(const sluice_pipeline *pipe, int holder,
                                int shard, struct sl_tensor_item item)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    const struct sl_stage *stage = stage_of(pipe, holder, shard, item.layer);
    const struct sl_unit *unit =
        &stage->units[item.layer - stage->units[0].layer];
    const struct sl_tensor *about =
        &sl_layout_tensors(&bp->layout, shard)[unit->first_tensor + item.param];
    bool shared = sl_item_is_shared(bp, item);
    struct sl_chunk piece = {0, about->n};
    if (shared)
        piece = sl_unit_piece(stage, unit, item.param, about->n);
    return (struct sl_holding){
        .values = place_of(stage, unit, item, shared, piece),
        .shard = about->shard,
        .piece = piece,
        .stage = stage,
    };
}

/* Holder 0 has all of what is not shared. */
static int n_holders(const struct sl_blueprint *bp, struct sl_tensor_item item)
{
    return sl_item_is_shared(bp, item) ? sl_n_holders(&bp->grid) : 1;
}

void sl_holdings_gather(const sluice_pipeline *pipe, struct sl_tensor_item item,
                        float *values)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    for (int h = 0; h < n_holders(bp, item); h++)
        for (int s = 0; s < bp->grid.n_shards; s++) {
            if (!sl_is_held_here(pipe, h, item))
                continue;
            struct sl_holding is = sl_holding_at(pipe, h, s, item);
            sl_shard_gather_piece(&is.shard, is.piece, is.values, values);
        }
}
