/* A cut embedding at work.  The device. */
#include "pipeline/across/row_parts.h"

#include "pipeline/clocks.h"
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
    return &rows_of(device)->shares[device->at.place];
}

sluice_row_parts sl_row_parts_of(const struct sl_device *device,
                                 const struct sl_op *op)
{
    bool hands_on = op->kind == SL_OP_B || op->kind == SL_OP_W;
    const struct sl_cut_rows *rows = rows_of(device);
    return (sluice_row_parts){
        .n = rows->n_parts,
        .first = table_of(device)->first,
        .rows = rows->rows,
        .dy = hands_on
                  ? sl_ring_slot(&rows->dy, rows->item[op->action.microbatch])
                  : NULL,
    };
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
        st = sl_bulletin_await(device->board, device->at.place,
                               sl_vocabulary_row_poster(device->pipe), i,
                               &device->virtual_ns);
    return st;
}

static void add_item(struct sl_device *device, int32_t item)
{
    const sluice_pipeline *pipe = device->pipe;
    const struct sl_cut_rows *about = rows_of(device);
    const struct sl_table_part *part =
        &table_of(device)->parts[device->at.place];
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
        .dy = sl_ring_slot(&about->dy, item),
        .grads = &share->g,
        .accumulate = !share->fresh,
    };
    about->ops->add_rows(&call, part->first, part->n);
    share->fresh = false;
}

static void add_items(struct sl_device *device, int32_t n)
{
    struct sl_row_share *share = share_of(device);
    for (; share->n_taken < n; share->n_taken++)
        add_item(device, share->n_taken);
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
    const struct sl_table_part *part =
        &table_of(device)->parts[device->at.place];
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
