/* Where elements lie.  The caller, between steps. */
#include "pipeline/pieces/berth.h"

#include "pipeline/update/head_update.h"

static int n_uses(const struct sl_tie *tie)
{
    return tie ? tie->n_uses : 1;
}

int sl_item_n_berths(const sluice_pipeline *pipe, struct sl_tensor_item item)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    const struct sl_tie *tie = sl_tie_of(&bp->ties, item.layer, item.param);
    if (sl_cut_table_of(pipe, item.layer, item.param) >= 0)
        return bp->vocabulary.n_replicas * bp->vocabulary.heads[0].n_parts;
    return sl_n_holders(&bp->grid) * bp->grid.n_shards * n_uses(tie);
}

/* A part of a table in one replica. */
static struct sl_berth cut_berth(const sluice_pipeline *pipe,
                                 struct sl_tensor_item item, int table, int i)
{
    struct sl_cut_head *heads = pipe->blueprint.vocabulary.heads;
    int replica = i / heads[0].n_parts, part = i % heads[0].n_parts;
    const sluice_layer_plan *plan =
        sluice_model_layer_plan(pipe->blueprint.model, item.layer);
    struct sl_coordinates at = sl_coordinates_of(&pipe->blueprint.grid, part);
    at.replica = replica;
    struct sl_berth berth = {
        .process = sl_process_of(&pipe->blueprint.processes,
                                 &pipe->blueprint.grid, at),
        .shard = sl_shard_all(&plan->params[item.param].shape),
        .part = &heads[replica].parts[part],
    };
    berth.piece = sl_cut_table_piece(pipe, table, item.state, replica, part,
                                     &berth.values);
    return berth;
}

/* A use of a tied tensor. */
static struct sl_tensor_item item_of(const struct sl_blueprint *bp,
                                     const struct sl_tied_use *use, int state)
{
    const struct sl_unit *unit = &bp->layout.stages[use->part].units[use->unit];
    return (struct sl_tensor_item){unit->layer, use->param, state};
}

/* Uses that share their weights with one before them have the same berth once
 * more. */
struct sl_berth sl_item_berth_at(const sluice_pipeline *pipe,
                                 struct sl_tensor_item item, int i)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    const struct sl_tie *tie = sl_tie_of(&bp->ties, item.layer, item.param);
    int table = sl_cut_table_of(pipe, item.layer, item.param);
    if (table >= 0)
        return cut_berth(pipe, item, table, i);
    int holder = i / n_uses(tie) / bp->grid.n_shards;
    int shard = i / n_uses(tie) % bp->grid.n_shards;
    struct sl_tensor_item use =
        tie ? item_of(bp, &tie->uses[i % tie->n_uses], item.state) : item;
    struct sl_holding is = sl_holding_at(pipe, holder, shard, use);
    int process = sl_holding_process(pipe, holder, use);
    return (struct sl_berth){
        .process = process,
        .values = process == bp->processes.rank ? is.values : NULL,
        .shard = is.shard,
        .piece = is.piece,
        .stage = is.stage,
    };
}

void sl_berth_forget(const struct sl_berth *berth)
{
    if (berth->part)
        sl_cut_head_forget(berth->part);
    else
        sl_products_forget_newest(berth->stage);
}
