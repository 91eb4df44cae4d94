/* Tensors from one shape to another.  The caller, between two steps. */
#include "pipeline/reshape/moving.h"

#include "pipeline/parameters.h"
#include "pipeline/update/head_update.h"

enum { PART = 64 * 1024 }; /* floats of a message */

/* The holder that has all of a tensor in one process; -1: none has. */
static int whole_holder(const sluice_pipeline *pipe, int process,
                        const sluice_state_tensor *at)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    struct sl_tensor_item item = sl_tensor_item_of(at);
    int n = sl_n_holders(&bp->grid), h = 0;
    if (sl_item_is_shared(bp, item) ||
        sl_cut_table_of(pipe, item.layer, item.param) >= 0)
        return -1;
    while (h < n && sl_holding_process(pipe, h, item) != process)
        h++;
    return h < n ? h : -1;
}

/* Where a tensor lies in this process; NULL: not in one piece. */
static const float *piece_here(const struct sl_move *move,
                               const sluice_state_tensor *at)
{
    int rank = move->from->blueprint.processes.rank;
    int holder = whole_holder(move->from, rank, at);
    return holder < 0 ? NULL : sl_pipeline_tensor(move->from, holder, at);
}

static bool wants(const struct sl_move *move, int process,
                  const sluice_state_tensor *at)
{
    return sl_pipeline_has_tensor_in(move->to, process, at);
}

/* Elements of the largest tensor that is put together here. */
static size_t largest_apart(const struct sl_move *move)
{
    int rank = move->from->blueprint.processes.rank;
    int64_t n = 0;
    sluice_state_tensor at = {.state = 0};
    while (sluice_pipeline_next_tensor(move->from, &at))
        if (at.parameter.n > n && wants(move, rank, &at) &&
            !piece_here(move, &at))
            n = at.parameter.n;
    return (size_t)n;
}

sluice_status sl_move_init(struct sl_move *move, const sluice_pipeline *from,
                           sluice_pipeline *to, sluice_diag *why)
{
    *move = (struct sl_move){
        .from = from,
        .to = to,
        .allocator = from->allocator,
        .n_part = from->world ? PART : 0,
    };
    if (from->world)
        move->courier = sl_courier_of_callers(from->world);
    move->n_room = largest_apart(move);
    move->room = sl_alloc(move->allocator, move->n_room, sizeof *move->room);
    move->part = sl_alloc(move->allocator, move->n_part, sizeof *move->part);
    if (move->room && move->part)
        return SLUICE_OK;
    sl_move_fini(move);
    return sl_no_memory(why, "the tensors of a pipeline that is reshaped");
}

void sl_move_fini(struct sl_move *move)
{
    sl_free(move->allocator, move->part, move->n_part, sizeof *move->part);
    sl_free(move->allocator, move->room, move->n_room, sizeof *move->room);
}

/* Put the strips of a holder in this process together. */
static void gather(const struct sl_move *move, int holder,
                   const sluice_state_tensor *at)
{
    struct sl_tensor_item item = sl_tensor_item_of(at);
    for (int s = 0; s < move->from->blueprint.grid.n_shards; s++) {
        struct sl_holding is = sl_holding_at(move->from, holder, s, item);
        sl_shard_gather_piece(&is.shard, is.piece, is.values, move->room);
    }
}

/* Elements of a tensor, from the process that has them to `process`. */
static sluice_status pass(const struct sl_move *move,
                          const struct sl_tensor_run *run, int process,
                          sluice_diag *why)
{
    int rank = move->from->blueprint.processes.rank;
    int64_t end = run->first + run->n;
    struct sl_chunk at = {run->first, PART};
    sluice_status st = SLUICE_OK;
    if (run->process == process && process == rank)
        sl_shard_gather_piece(&run->shard,
                              (struct sl_chunk){run->first, run->n},
                              run->elements, move->room);
    if (run->process == process || (run->process != rank && process != rank))
        return SLUICE_OK;
    for (; at.first < end && !st; at.first += at.n) {
        at.n = end - at.first < PART ? end - at.first : PART;
        size_t bytes = (size_t)at.n * sizeof(float);
        if (process != rank) {
            st = sl_courier_send(&move->courier, process,
                                 run->elements + (at.first - run->first), bytes,
                                 why);
            continue;
        }
        st = sl_courier_receive(&move->courier, run->process, move->part, bytes,
                                why);
        if (!st)
            sl_shard_gather_piece(&run->shard, at, move->part, move->room);
    }
    return st;
}

/* Give one process a tensor. */
static sluice_status hand(const struct sl_move *move, int process,
                          const sluice_state_tensor *at, sluice_diag *why)
{
    int rank = move->from->blueprint.processes.rank;
    int holder = whole_holder(move->from, process, at);
    const float *values = process == rank ? piece_here(move, at) : NULL;
    sluice_status st = SLUICE_OK;
    if (holder >= 0 && process == rank && !values)
        gather(move, holder, at);
    for (int i = 0; holder < 0 && i < sl_tensor_n_runs(move->from, at) && !st;
         i++) {
        struct sl_tensor_run run = sl_tensor_run_at(move->from, at, i);
        st = pass(move, &run, process, why);
    }
    if (process == rank && !st)
        sl_pipeline_put_tensor(move->to, at, values ? values : move->room);
    return st;
}

sluice_status sl_move_all(const struct sl_move *move, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    sluice_state_tensor at = {.state = 0};
    while (!st && sluice_pipeline_next_tensor(move->from, &at))
        for (int p = 0; p < move->from->blueprint.processes.n && !st; p++)
            if (wants(move, p, &at))
                st = hand(move, p, &at, why);
    return st;
}
