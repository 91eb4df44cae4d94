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
    int rank = device->replica * bp->n_copies + stage->index / bp->depth;
    sluice_status st =
        function(device->pipe->groups[stage->index % bp->depth], rank, &share);
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
    if (!device->pipe->groups[stage->index % bp->depth] ||
        stage->n_params == 0 || device->pipe->update_rows[op->update_no] == 0)
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
