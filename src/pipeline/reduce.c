/* Adding up gradients.  The devices that hold a part of the model. */
#include "pipeline/reduce.h"

#include <string.h>

#include "blueprint/shards/join.h"
#include "pipeline/clocks.h"
#include "pipeline/update/head_update.h"
#include "pipeline/update/optimize.h"

bool sl_reduces(const struct sl_device *device, const struct sl_op *op)
{
    return device->stages[op->action.stage].n_params > 0 &&
           device->pipe->update_rows[op->update_no] > 0;
}

static void begin(void *device)
{
    sl_begin_work(device);
}

bool sl_gathers(const struct sl_device *device, const struct sl_op *op)
{
    return sl_reduces(device, op) && device->stages[op->action.stage].gathers;
}

bool sl_leaves(const struct sl_device *device, const struct sl_op *op)
{
    return sl_reduces(device, op) && device->workspace->gradient_bytes > 0;
}

bool sl_unshards(const struct sl_device *device, const struct sl_op *op)
{
    return device->stages[op->action.stage].n_params > 0 &&
           sl_optimize_has_terms(device, op);
}

typedef sluice_status collective_function(struct sl_collective *collective,
                                          int rank,
                                          const struct sl_share *share);

/* Do something with those that hold the same part: x[n] of each. */
static sluice_status together(struct sl_device *device,
                              const struct sl_stage *stage,
                              collective_function *function, float *x,
                              int64_t n)
{
    const struct sl_grid *grid = &device->pipe->blueprint.grid;
    const struct sl_share share = {
        .x = x,
        .n = n,
        .virtual_ns = &device->virtual_ns,
        .begin = begin,
        .context = device,
    };
    int group =
        sl_part_of(grid, stage->index) * grid->n_shards + device->at.shard;
    return function(device->pipe->groups[group],
                    sl_holder_of(grid, device->at, stage->index), &share);
}

static sluice_status of_gradients(struct sl_device *device,
                                  const struct sl_op *op,
                                  collective_function *function)
{
    const struct sl_stage *stage = &device->stages[op->action.stage];
    return together(device, stage, function, stage->grads, stage->n_grads);
}

sluice_status sl_reduce_scatter(struct sl_device *device,
                                const struct sl_op *op, sluice_diag *why)
{
    const struct sl_stage *stage = &device->stages[op->action.stage];
    (void)why;
    if (stage->fresh) /* there were no rows for it */
        memset(stage->grads, 0, (size_t)stage->n_grads * sizeof(float));
    return of_gradients(device, op, sl_collective_reduce_scatter);
}

sluice_status sl_reduce_gather(struct sl_device *device, const struct sl_op *op,
                               sluice_diag *why)
{
    (void)why;
    return of_gradients(device, op, sl_collective_all_gather);
}

sluice_status sl_reduce_fence(struct sl_device *device, const struct sl_op *op,
                              sluice_diag *why)
{
    (void)why;
    return of_gradients(device, op, sl_collective_fence);
}

bool sl_brings(const struct sl_device *device, const struct sl_op *op)
{
    return device->stages[op->action.stage].n_params > 0;
}

bool sl_brings_team(const struct sl_device *device, const struct sl_op *op)
{
    return sl_brings(device, op) || device->pipe->blueprint.grid.n_shards > 1;
}

sluice_status sl_reduce_clear(struct sl_device *device, const struct sl_op *op,
                              sluice_diag *why)
{
    const struct sl_stage *stage = &device->stages[op->action.stage];
    (void)why;
    return together(device, stage, sl_collective_fence, stage->params,
                    stage->n_params);
}

sluice_status sl_reduce_bring(struct sl_device *device, const struct sl_op *op,
                              sluice_diag *why)
{
    const struct sl_stage *stage = &device->stages[op->action.stage];
    (void)why;
    sl_layout_bring(&device->pipe->blueprint.layout, device->at,
                    op->action.stage, op->room);
    if (stage->n_params == 0) {
        sl_begin_work(device);
        return SLUICE_OK;
    }
    memcpy(stage->params + stage->own.first, stage->own_params,
           (size_t)stage->own.n * sizeof(float));
    return together(device, stage, sl_collective_all_gather, stage->params,
                    stage->n_params);
}

bool sl_reduces_tables(const struct sl_device *device, const struct sl_op *op)
{
    return device->pipe->update_rows[op->update_no] > 0;
}

/* The device's rows of a table. */
static const struct sl_table_part *rows_of(const struct sl_device *device,
                                           int table)
{
    return &sl_cut_table_at(device->vocabulary, table)->parts[device->part];
}

/* Do something with those that hold the same rows of a table: x[n] of each. */
static sluice_status of_table(struct sl_device *device, const struct sl_op *op,
                              collective_function *function, float *x)
{
    const struct sl_stage *stage = &device->stages[op->action.stage];
    return together(device, stage, function, x,
                    rows_of(device, op->tie)->n_floats);
}

/* Whether a device of a replica without rows has written no gradient. */
static bool is_fresh(const struct sl_device *device, int table)
{
    const struct sl_cut_head *v = device->vocabulary;
    return table == 0 ? v->parts[device->part].fresh
                      : v->rows.shares[device->part].fresh;
}

sluice_status sl_reduce_table_scatter(struct sl_device *device,
                                      const struct sl_op *op, sluice_diag *why)
{
    const struct sl_table_part *part = rows_of(device, op->tie);
    (void)why;
    if (is_fresh(device, op->tie))
        memset(part->g, 0, (size_t)part->shard.run * sizeof *part->g);
    return of_table(device, op, sl_collective_reduce_scatter, part->g);
}

sluice_status sl_reduce_table_gather(struct sl_device *device,
                                     const struct sl_op *op, sluice_diag *why)
{
    (void)why;
    return of_table(device, op, sl_collective_all_gather,
                    rows_of(device, op->tie)->g);
}

sluice_status sl_reduce_leave(struct sl_device *device, const struct sl_op *op,
                              sluice_diag *why)
{
    const struct sl_stage *stage = &device->stages[op->action.stage];
    (void)why;
    memcpy(stage->own_grads, stage->grads + stage->own.first,
           (size_t)stage->own.n * sizeof(float));
    return of_gradients(device, op, sl_collective_fence);
}

sluice_status sl_reduce_unshard(struct sl_device *device,
                                const struct sl_op *op, sluice_diag *why)
{
    const struct sl_stage *stage = &device->stages[op->action.stage];
    (void)why;
    (void)together(device, stage, sl_collective_all_gather, stage->params,
                   stage->n_params);
    /* A device that updates nothing itself has packed copies of the old ones.
     */
    sl_products_forget_newest(stage);
    return SLUICE_OK; /* else a process has ended, which the job's end tells */
}

sluice_status sl_reduce_table_unshard(struct sl_device *device,
                                      const struct sl_op *op, sluice_diag *why)
{
    (void)why;
    (void)of_table(device, op, sl_collective_all_gather,
                   rows_of(device, op->tie)->w);
    sl_cut_head_forget(&device->vocabulary->parts[device->part]);
    return SLUICE_OK;
}
