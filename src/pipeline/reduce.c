/* Adding up gradients.  The devices that hold a part of the model. */
#include "pipeline/reduce.h"

#include <string.h>

#include "pipeline/clocks.h"

/* A phase of the sum as the trace shows it: waiting, then work. */
struct phase {
    struct sl_device *device;
    int64_t arrived;
    sluice_trace_event event;
};

static void begin(void *context)
{
    struct phase *phase = context;
    sl_begin_work(phase->device, &phase->event, phase->arrived);
}

/* Those that hold the same part of the model; NULL if only one does. */
static struct sl_collective *group_of(const struct sl_device *device,
                                      const struct sl_stage *stage)
{
    const struct sl_grid *grid = &device->pipe->blueprint.grid;
    return device->pipe->groups[sl_part_of(grid, stage->index)];
}

typedef sluice_status collective_function(struct sl_collective *collective,
                                          int rank,
                                          const struct sl_share *share);

static sluice_status run_phase(struct sl_device *device, struct sl_stage *stage,
                               collective_function *function)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    struct phase phase = {
        .device = device,
        .arrived = sl_wall_ns(device),
        .event = {.action = {SLUICE_REDUCE_GRAD, stage->index, -1}},
    };
    const struct sl_share share = {
        .x = stage->grads,
        .n = stage->n_params,
        .virtual_ns = &device->virtual_ns,
        .begin = begin,
        .context = &phase,
    };
    sluice_status st =
        function(group_of(device, stage),
                 sl_holder_of(&bp->grid, device->at, stage->index), &share);
    if (st)
        return st;
    sl_end_work(device, &phase.event);
    if (sl_records(device))
        sl_recorder_add(&device->recorder, phase.event);
    return SLUICE_OK;
}

/*
 * Behind the last sum of a step there need be no fence: others may still read
 * this member's gradient, but nobody writes gradients again before the commit,
 * where all come together.
 */
sluice_status sl_reduce_gradient(struct sl_device *device,
                                 const struct sl_op *op)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    struct sl_stage *stage = &device->stages[op->action.stage];
    bool is_last = op->update_no + 1 == bp->n_updates;
    if (!group_of(device, stage) || stage->n_params == 0 ||
        device->pipe->update_rows[op->update_no] == 0)
        return SLUICE_OK;
    if (stage->fresh) /* there were no rows for it */
        memset(stage->grads, 0, (size_t)stage->n_params * sizeof(float));
    sluice_status st = run_phase(device, stage, sl_collective_reduce_scatter);
    if (!st)
        st = run_phase(device, stage, sl_collective_all_gather);
    if (!st && !is_last)
        st = run_phase(device, stage, sl_collective_fence);
    return st;
}
