/* Elements that lie together.  The caller, between steps. */
#include "pipeline/pieces/tensor_run.h"

#include "pipeline/across/vocabulary_board.h"
#include "pipeline/update/head_update.h"

/* How many devices of a holder have elements of it. */
static int n_strips(const sluice_pipeline *pipe, struct sl_tensor_item item)
{
    bool is_cut = sl_cut_table_of(pipe, item.layer, item.param) >= 0;
    return is_cut ? 1 : pipe->blueprint.grid.n_shards;
}

int sl_item_n_runs(const sluice_pipeline *pipe, struct sl_tensor_item item)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    int cut = sl_cut_table_of(pipe, item.layer, item.param);
    if (cut >= 0)
        return sl_n_replica_devices(&bp->grid) *
               sl_cut_table_n_holders(pipe, cut, item.state);
    int n_holders = sl_item_is_shared(bp, item) ? sl_n_holders(&bp->grid) : 1;
    return n_holders * n_strips(pipe, item);
}

int sl_most_runs(const sluice_pipeline *pipe)
{
    const struct sl_grid *grid = &pipe->blueprint.grid;
    int n_parts =
        sl_cuts_vocabulary(pipe) ? sl_n_replica_devices(grid) : grid->n_shards;
    return n_parts * sl_n_holders(grid);
}

/* Run number i of a cut table: part after part, holder after holder. */
static struct sl_tensor_run cut_run(const sluice_pipeline *pipe,
                                    struct sl_tensor_item item, int table,
                                    int i)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    int n_holders = sl_cut_table_n_holders(pipe, table, item.state);
    int part = i / n_holders;
    struct sl_coordinates at = sl_coordinates_of(&bp->grid, part);
    at.replica = i % n_holders;
    const sluice_layer_plan *plan =
        sluice_model_layer_plan(bp->model, item.layer);
    float *elements;
    struct sl_chunk piece = sl_cut_table_piece(pipe, table, item.state,
                                               at.replica, part, &elements);
    return (struct sl_tensor_run){
        .process = sl_process_of(&bp->processes, &bp->grid, at),
        .elements = elements,
        .shard = sl_shard_all(&plan->params[item.param].shape),
        .first = piece.first,
        .n = piece.n,
    };
}

struct sl_tensor_run sl_item_run_at(const sluice_pipeline *pipe,
                                    struct sl_tensor_item item, int i)
{
    int cut = sl_cut_table_of(pipe, item.layer, item.param);
    if (cut >= 0)
        return cut_run(pipe, item, cut, i);
    int strips = n_strips(pipe, item), holder = i / strips;
    struct sl_holding is = sl_holding_at(pipe, holder, i % strips, item);
    return (struct sl_tensor_run){
        .process = sl_holding_process(pipe, holder, item),
        .elements = sl_is_held_here(pipe, holder, item) ? is.values : NULL,
        .shard = is.shard,
        .first = is.piece.first,
        .n = is.piece.n,
    };
}
