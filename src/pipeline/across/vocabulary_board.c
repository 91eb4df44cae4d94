/* Who posts what of a cut vocabulary.  The device. */
#include "pipeline/across/vocabulary_board.h"

#include "pipeline/across/vocabulary_links.h"
#include "pipeline/team/teamwork.h"

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
        .n_members = sl_n_replica_devices(&bp->grid) + 2,
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

/* Whether it reads rows of a cut embedding. */
static bool reads_rows(const struct sl_device *device, const struct sl_op *op)
{
    return (op->kind == SL_OP_F || op->kind == SL_OP_R) &&
           op->action.stage == 0 && sl_cuts_rows(device->pipe);
}

bool sl_vocabulary_cut_waits(const struct sl_device *device,
                             const struct sl_op *op)
{
    return op->kind == SL_OP_S || op->kind == SL_OP_T ||
           starts_back(device, op) || (device->mail && reads_rows(device, op));
}

static int stream_of(const struct sl_device *device, enum sl_cut_stream kind,
                     int place)
{
    return sl_cut_stream_number(device->vocabulary, kind, place);
}

/* Wait for an item of a stream: by its link, or at the board. */
static sluice_status await(struct sl_device *device, int stream, int poster,
                           int32_t item)
{
    return sl_mail_in(device, stream)
               ? sl_mail_take(device, stream, item)
               : sl_bulletin_await(device->board, device->part, poster, item,
                                   &device->virtual_ns);
}

sluice_status sl_vocabulary_await_rows(struct sl_device *device, int32_t item)
{
    return await(device, stream_of(device, SL_CUT_ROW_GRADIENTS, 0),
                 sl_vocabulary_row_poster(device->pipe), item);
}

/* For the rows that other processes have found. */
static sluice_status take_found(struct sl_device *device, int32_t item)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < n_parts(device->pipe) && !st; i++) {
        int stream = stream_of(device, SL_CUT_FOUND, i);
        if (sl_mail_in(device, stream))
            st = sl_mail_take(device, stream, item);
    }
    return st;
}

/* For what the S of a part gives. */
static sluice_status take_part(struct sl_device *device, int i, int32_t item,
                               bool gradients)
{
    int stream = stream_of(device, SL_CUT_GRADIENTS, i);
    sluice_status st =
        await(device, stream_of(device, SL_CUT_TERMS, i), i, item);
    if (!st && gradients && sl_mail_in(device, stream))
        st = sl_mail_take(device, stream, item);
    return st;
}

sluice_status sl_vocabulary_take(struct sl_device *device,
                                 const struct sl_op *op)
{
    int32_t item = op->forward_no;
    sluice_status st = SLUICE_OK;
    if (op->kind == SL_OP_S)
        return await(device, stream_of(device, SL_CUT_OUTPUTS, 0),
                     output_poster(device->pipe), item);
    bool back = starts_back(device, op);
    if (op->kind != SL_OP_T && reads_rows(device, op))
        st = take_found(device, item);
    for (int i = 0;
         (back || op->kind == SL_OP_T) && i < n_parts(device->pipe) && !st; i++)
        st = take_part(device, i, item, back);
    return st;
}

static bool hands_rows_on(const struct sl_op *op)
{
    return op->action.stage == 0 &&
           (op->kind == SL_OP_B || op->kind == SL_OP_W);
}

void sl_vocabulary_cut_acquire(const struct sl_device *device,
                               const struct sl_op *op)
{
    const struct sl_cut_rows *rows = &device->vocabulary->rows;
    if (sl_cuts_rows(device->pipe) && hands_rows_on(op))
        sl_mail_room(device, stream_of(device, SL_CUT_ROW_GRADIENTS, 0),
                     rows->item[op->action.microbatch]);
}

static void post(struct sl_device *device, int poster, int32_t item)
{
    sl_bulletin_post(device->board, poster, item, device->virtual_ns);
}

static void send(struct sl_device *device, enum sl_cut_stream kind,
                 int32_t item)
{
    sl_mail_send(device, stream_of(device, kind, device->part), item);
}

/* Release what the S of other devices gave.  The first device of the last stage
 * has the terms read twice in training: for its T, and to start the backward.
 */
static void release_parts(struct sl_device *device, const struct sl_op *op)
{
    const struct sl_cut_head *v = device->vocabulary;
    int32_t item = op->forward_no;
    bool twice = device->part == v->last_part && device->pipe->job.training;
    bool *half = &device->mail->half_read[item % v->n_slots];
    bool is_last = !twice || *half;
    *half = twice && !*half;
    for (int i = 0; i < v->n_parts; i++) {
        if (is_last)
            sl_mail_release(device, stream_of(device, SL_CUT_TERMS, i), item);
        if (starts_back(device, op))
            sl_mail_release(device, stream_of(device, SL_CUT_GRADIENTS, i),
                            item);
    }
}

static void release(struct sl_device *device, const struct sl_op *op)
{
    if (op->kind == SL_OP_T)
        sl_mail_release(device, stream_of(device, SL_CUT_OUTPUTS, 0),
                        op->forward_no);
    if (op->kind == SL_OP_T || (sl_leads(device) && starts_back(device, op)))
        release_parts(device, op);
}

void sl_vocabulary_cut_posts(struct sl_device *device, const struct sl_op *op)
{
    const sluice_pipeline *pipe = device->pipe;
    bool leads = sl_leads(device); /* what a team makes together */
    if (op->kind == SL_OP_S) {
        post(device, device->part, op->forward_no);
        send(device, SL_CUT_TERMS, op->forward_no);
        if (pipe->job.training)
            send(device, SL_CUT_GRADIENTS, op->forward_no);
    }
    if (leads && op->kind == SL_OP_F &&
        is_last_stage(device, op->action.stage)) {
        post(device, output_poster(pipe), op->forward_no);
        send(device, SL_CUT_OUTPUTS, op->forward_no);
    }
    if (leads && sl_cuts_rows(pipe) && hands_rows_on(op)) {
        int32_t item = device->vocabulary->rows.item[op->action.microbatch];
        post(device, sl_vocabulary_row_poster(pipe), item);
        send(device, SL_CUT_ROW_GRADIENTS, item);
    }
    if (device->mail)
        release(device, op);
}

/* How many items of a stream are there. */
static int n_there(const struct sl_device *device, int stream, int poster)
{
    return sl_mail_in(device, stream)
               ? atomic_load(&device->mail->n_taken[stream])
               : sl_bulletin_n_posted(device->board, poster);
}

/* The part whose rows a first stage waits for; -1: none. */
static int awaited_found(const struct sl_device *device, int32_t item)
{
    for (int i = 0; i < n_parts(device->pipe); i++) {
        int stream = stream_of(device, SL_CUT_FOUND, i);
        if (sl_mail_in(device, stream) &&
            atomic_load(&device->mail->n_taken[stream]) <= item)
            return i;
    }
    return -1;
}

int sl_vocabulary_awaited(const struct sl_device *device,
                          const struct sl_op *op)
{
    const struct sl_cut_head *v = device->vocabulary;
    int32_t item = op->forward_no;
    if (op->kind == SL_OP_TAKE_ROWS) {
        int n = n_there(device, stream_of(device, SL_CUT_ROW_GRADIENTS, 0),
                        sl_vocabulary_row_poster(device->pipe));
        return n < v->rows.n_items ? v->rows.first_part : -1;
    }
    if (op->kind == SL_OP_S) {
        int n = n_there(device, stream_of(device, SL_CUT_OUTPUTS, 0),
                        output_poster(device->pipe));
        return n <= item ? v->last_part : -1;
    }
    if (reads_rows(device, op))
        return awaited_found(device, item);
    for (int i = 0; i < v->n_parts; i++)
        if (n_there(device, stream_of(device, SL_CUT_TERMS, i), i) <= item)
            return i;
    return -1;
}
