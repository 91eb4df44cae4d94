/* Who posts what of a cut vocabulary.  The device. */
#include "pipeline/across/vocabulary_board.h"

static int n_parts(const sluice_pipeline *pipe)
{
    return pipe->blueprint.vocabulary.heads[0].n_parts;
}

/* The member that posts outputs of the last stage. */
static int output_poster(const sluice_pipeline *pipe)
{
    return n_parts(pipe);
}

int sl_vocabulary_row_poster(const sluice_pipeline *pipe)
{
    return n_parts(pipe) + 1;
}

static bool is_last_stage(const struct sl_device *device, int stage)
{
    return stage + 1 == device->pipe->blueprint.grid.n_stages;
}

static bool starts_back(const struct sl_device *device, const struct sl_op *op)
{
    return (op->kind == SL_OP_B || op->kind == SL_OP_I) &&
           is_last_stage(device, op->action.stage);
}

sluice_status sl_vocabulary_create_boards(sluice_pipeline *pipe)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    size_t n = (size_t)bp->vocabulary.n_replicas;
    const struct sl_bulletin_config config = {
        .n_members = bp->grid.n_devices + 2,
        .n_items = bp->grid.n_microbatches,
        .patience = pipe->crew->patience,
        .allocator = pipe->allocator,
    };
    if (n == 0)
        return SLUICE_OK;
    pipe->boards = sl_alloc(pipe->allocator, n, sizeof(struct sl_bulletin *));
    sluice_status st = pipe->boards ? SLUICE_OK : SLUICE_NO_MEMORY;
    for (; !st && pipe->n_boards < bp->vocabulary.n_replicas; pipe->n_boards++)
        if ((st = sl_bulletin_create(&config, &pipe->boards[pipe->n_boards])))
            break;
    return st;
}

void sl_vocabulary_destroy_boards(sluice_pipeline *pipe)
{
    for (int i = 0; i < pipe->n_boards; i++)
        sl_bulletin_destroy(pipe->boards[i]);
    sl_free(pipe->allocator, pipe->boards,
            (size_t)pipe->blueprint.vocabulary.n_replicas,
            sizeof(struct sl_bulletin *));
    pipe->boards = NULL;
    pipe->n_boards = 0;
}

bool sl_vocabulary_cut_waits(const struct sl_device *device,
                             const struct sl_op *op)
{
    return op->kind == SL_OP_S || op->kind == SL_OP_T ||
           starts_back(device, op);
}

sluice_status sl_vocabulary_take(struct sl_device *device,
                                 const struct sl_op *op)
{
    struct sl_bulletin *board = device->board;
    int rank = device->at.place;
    sluice_status st = SLUICE_OK;
    if (op->kind == SL_OP_S)
        return sl_bulletin_await(board, rank, output_poster(device->pipe),
                                 op->forward_no, &device->virtual_ns);
    for (int i = 0; i < n_parts(device->pipe) && !st; i++)
        st = sl_bulletin_await(board, rank, i, op->forward_no,
                               &device->virtual_ns);
    return st;
}

static bool hands_rows_on(const struct sl_op *op)
{
    return op->action.stage == 0 &&
           (op->kind == SL_OP_B || op->kind == SL_OP_W);
}

static void post(struct sl_device *device, int poster, int32_t item)
{
    sl_bulletin_post(device->board, poster, item, device->virtual_ns);
}

void sl_vocabulary_cut_posts(struct sl_device *device, const struct sl_op *op)
{
    const sluice_pipeline *pipe = device->pipe;
    if (op->kind == SL_OP_S)
        post(device, device->at.place, op->forward_no);
    if (op->kind == SL_OP_F && is_last_stage(device, op->action.stage))
        post(device, output_poster(pipe), op->forward_no);
    if (sl_cuts_rows(pipe) && hands_rows_on(op))
        post(device, sl_vocabulary_row_poster(pipe),
             device->vocabulary->rows.item[op->action.microbatch]);
}

int sl_vocabulary_awaited(const struct sl_device *device,
                          const struct sl_op *op)
{
    const struct sl_cut_head *v = device->vocabulary;
    const struct sl_bulletin *board = device->board;
    int32_t item = op->forward_no;
    if (op->kind == SL_OP_TAKE_ROWS) {
        int n =
            sl_bulletin_n_posted(board, sl_vocabulary_row_poster(device->pipe));
        return n < v->rows.n_items ? v->rows.first_place : -1;
    }
    if (op->kind == SL_OP_S) {
        int n = sl_bulletin_n_posted(board, output_poster(device->pipe));
        return n <= item ? v->last_place : -1;
    }
    for (int i = 0; i < v->n_parts; i++)
        if (sl_bulletin_n_posted(board, i) <= item)
            return i;
    return -1;
}
