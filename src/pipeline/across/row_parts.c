/* A cut embedding at work.  The device. */
#include "pipeline/across/row_parts.h"

#include <string.h>

#include "pipeline/across/vocabulary_links.h"
#include "pipeline/clocks.h"
#include "pipeline/team/teamwork.h"
#include "pipeline/uneven/microbatch.h"
#include "tensor/elementwise.h"

static struct sl_cut_rows *rows_of(const struct sl_device *device)
{
    return &device->vocabulary->rows;
}

static const struct sl_cut_table *table_of(const struct sl_device *device)
{
    return sl_cut_rows_table(device->vocabulary);
}

static struct sl_row_share *share_of(const struct sl_device *device)
{
    return &rows_of(device)->shares[device->part];
}

static int stream_of(const struct sl_device *device, enum sl_cut_stream kind,
                     int place)
{
    return sl_cut_stream_number(device->vocabulary, kind, place);
}

/* What devices of other processes have found, as the leader of the team has
 * got it; NULL: there are none. */
static const float *const *found_of(struct sl_device *device, int32_t item)
{
    const struct sl_device *reader = sl_leader_of(device);
    const struct sl_vocabulary_mail *mail = device->mail;
    for (int i = 0; mail && i < rows_of(device)->n_parts; i++) {
        int stream = stream_of(device, SL_CUT_FOUND, i);
        mail->found[i] = sl_mail_in(reader, stream)
                             ? sl_mail_item(reader, stream, item)
                             : NULL;
    }
    return mail ? mail->found : NULL;
}

sluice_row_parts sl_row_parts_of(struct sl_device *device,
                                 const struct sl_op *op)
{
    bool hands_on = op->kind == SL_OP_B || op->kind == SL_OP_W;
    const struct sl_cut_rows *rows = rows_of(device);
    sluice_row_parts parts = {
        .n = rows->n_parts,
        .first = table_of(device)->first,
        .rows = rows->rows,
        .found = found_of(device, op->forward_no),
    };
    if (hands_on) {
        int32_t item = rows->item[op->action.microbatch];
        if (!device->team) /* else its leader has acquired it */
            sl_mail_room(device, stream_of(device, SL_CUT_ROW_GRADIENTS, 0),
                         item);
        parts.dy = sl_ring_slot(&rows->dy, item);
    }
    return parts;
}

/* The rows that a device has for the tokens of a micro-batch, each where its
 * token stands; what lies between them is not read. */
static void find_rows(const struct sl_device *device, const struct sl_op *op)
{
    const sluice_pipeline *pipe = device->pipe;
    const struct sl_cut_rows *about = rows_of(device);
    const struct sl_table_part *part = &table_of(device)->parts[device->part];
    int64_t width = table_of(device)->width;
    struct sl_rows rows = sl_rows_of(device, op);
    const int32_t *tokens =
        (const void *)(pipe->job.x +
                       rows.first * pipe->blueprint.input_row_bytes);
    float *found = sl_ring_slot(&share_of(device)->found, op->forward_no);
    int64_t n = rows.n * sluice_shape_elements(&about->plan->in);
    for (int64_t i = 0; i < n; i++) {
        int64_t row = tokens[i] - part->first;
        if (row >= 0 && row < part->n)
            memcpy(found + i * width, part->w + row * width,
                   (size_t)width * sizeof *found);
    }
}

void sl_row_parts_find(struct sl_device *device,
                       const struct sl_program *program)
{
    if (!device->mail || !sl_cuts_rows(device->pipe))
        return;
    int stream = stream_of(device, SL_CUT_FOUND, device->part);
    if (!sl_mail_is_sent(device, stream))
        return;
    for (int i = 0; i < program->n_ops; i++) {
        const struct sl_op *op = &program->ops[i];
        if (op->kind != SL_OP_S)
            continue;
        sl_mail_room(device, stream, op->forward_no);
        find_rows(device, op);
        sl_mail_send(device, stream, op->forward_no);
    }
}

void sl_row_parts_begin(struct sl_device *device)
{
    if (!sl_cuts_rows(device->pipe))
        return;
    share_of(device)->n_taken = 0;
    share_of(device)->fresh = true;
}

/* Wait for items that are not taken yet, up to number `n`. */
static sluice_status await(struct sl_device *device, int32_t n)
{
    sluice_status st = SLUICE_OK;
    for (int32_t i = share_of(device)->n_taken; i < n && !st; i++)
        st = sl_vocabulary_await_rows(device, i);
    return st;
}

static void add_item(struct sl_device *device, int32_t item)
{
    const sluice_pipeline *pipe = device->pipe;
    const struct sl_cut_rows *about = rows_of(device);
    const struct sl_table_part *part = &table_of(device)->parts[device->part];
    struct sl_row_share *share = share_of(device);
    const struct sl_op op = {.action = {.microbatch = about->microbatch[item]}};
    struct sl_rows rows = sl_rows_of(device, &op);
    if (rows.n == 0)
        return;
    const sluice_layer_call call = {
        .config = about->config,
        .plan = about->plan,
        .layer = about->layer,
        .rows = rows.n,
        .first_row = rows.first,
        .seed = pipe->blueprint.seed,
        .step = pipe->n_steps,
        .training = true,
        .x = (const void *)(pipe->job.x +
                            rows.first * pipe->blueprint.input_row_bytes),
        .dy = sl_mail_item(device, stream_of(device, SL_CUT_ROW_GRADIENTS, 0),
                           item),
        .grads = &share->g,
        .accumulate = !share->fresh,
    };
    about->ops->add_rows(&call, part->first, part->n);
    share->fresh = false;
}

static void add_items(struct sl_device *device, int32_t n)
{
    struct sl_row_share *share = share_of(device);
    int stream = stream_of(device, SL_CUT_ROW_GRADIENTS, 0);
    for (; share->n_taken < n; share->n_taken++) {
        add_item(device, share->n_taken);
        sl_mail_release(device, stream, share->n_taken);
    }
}

sluice_status sl_row_parts_take(struct sl_device *device,
                                const struct sl_op *op)
{
    if (!sl_cuts_rows(device->pipe) || !device->pipe->job.training)
        return SLUICE_OK;
    int32_t n = rows_of(device)->ready[op->forward_no];
    sluice_status st = await(device, n);
    if (!st)
        add_items(device, n);
    return st;
}

sluice_status sl_row_parts_finish(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why)
{
    const struct sl_cut_rows *rows = rows_of(device);
    const struct sl_table_part *part = &table_of(device)->parts[device->part];
    (void)op;
    (void)why;
    sluice_status st = await(device, rows->n_items);
    if (st)
        return st;
    sl_begin_work(device);
    add_items(device, rows->n_items);
    if (rows->tied && !share_of(device)->fresh)
        sl_add(part->shard.run, share_of(device)->g, part->g);
    return SLUICE_OK;
}
