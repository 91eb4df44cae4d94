/* Executing a program.  The device. */
#include "pipeline/execute.h"

#include "pipeline/clocks.h"
#include "pipeline/compute.h"
#include "pipeline/reduce.h"
#include "pipeline/versions.h"

/* Which links an action takes from and gives to. */
enum traffic {
    NONE,
    ACTIVATIONS, /* from the stage before, to the stage after */
    GRADIENTS,   /* the other way */
};

static const struct behaviour {
    enum traffic traffic;
    sluice_status (*compute)(struct sl_device *device, const struct sl_op *op,
                             sluice_diag *why);
} behaviours[SLUICE_UPDATE] = {
    [SLUICE_F] = {ACTIVATIONS, sl_compute_forward},
    [SLUICE_B] = {GRADIENTS, sl_compute_backward},
    [SLUICE_I] = {GRADIENTS, sl_compute_input},
    [SLUICE_W] = {NONE, sl_compute_weight},
    [SLUICE_R] = {NONE, sl_compute_forward},
};

static void fail(struct sl_device *device, const struct sl_op *op,
                 sluice_status st, sluice_diag *why)
{
    why->status = st;
    why->device = device->index;
    why->stage = op->action.stage;
    why->microbatch = op->action.microbatch;
    sluice_action_format(op->action, why->action, sizeof why->action);
    sl_collective_fail(device->pipe->everyone, why);
}

static struct sl_link *source(const struct sl_ends *ends, enum traffic traffic)
{
    if (traffic == ACTIVATIONS)
        return ends->x;
    return traffic == GRADIENTS ? ends->dy : NULL;
}

static struct sl_link *sink(const struct sl_ends *ends, enum traffic traffic)
{
    if (traffic == ACTIVATIONS)
        return ends->y;
    return traffic == GRADIENTS ? ends->dx : NULL;
}

/* Its micro-batch's input and output gradient have been read. */
static void release(const struct sl_ends *ends, const struct sl_op *op)
{
    if (ends->x)
        sl_link_release(ends->x, op->forward_no);
    if (ends->dy && op->backward_no != SL_NONE)
        sl_link_release(ends->dy, op->backward_no);
}

/* UPDATE: of a synchronous schedule as far as it may fail, the rest follows the
 * commit; of an asynchronous one the whole. */
static sluice_status execute_update(struct sl_device *device,
                                    const struct sl_op *op)
{
    sluice_diag why = {.status = SLUICE_OK};
    sluice_trace_event event = {
        .action = op->action,
        .staleness = op->staleness,
    };
    event.action.version = op->version;
    if (sl_collective_stopped(device->pipe->everyone))
        return SLUICE_CLOSED;
    sluice_status st = sl_reduce_gradient(device, op);
    if (st)
        return st;
    sl_begin_work(device, &event, sl_wall_ns(device));
    bool asynchronous = device->pipe->blueprint.n_updates > 1;
    st = asynchronous ? sl_versions_update(device, op, &why)
                      : sl_compute_prepare(device, op, &why);
    sl_end_work(device, &event);
    if (st)
        fail(device, op, st, &why);
    else if (asynchronous && sl_records(device))
        sl_recorder_add(&device->recorder, event);
    return st;
}

/*
 * One action: take, compute, publish, and record.  A closed link means that
 * somebody else has failed, or the caller cancelled: nothing to add to that.
 */
static sluice_status execute(struct sl_device *device, const struct sl_op *op)
{
    if (op->action.kind == SLUICE_UPDATE)
        return execute_update(device, op);

    sluice_pipeline *pipe = device->pipe;
    const struct behaviour *is = &behaviours[op->action.kind];
    const struct sl_ends *ends = &device->ends[op->action.stage];
    struct sl_link *from = source(ends, is->traffic);
    struct sl_link *to = sink(ends, is->traffic);
    int microbatch = op->action.microbatch;
    sluice_diag why = {.status = SLUICE_OK};
    sluice_trace_event event = {.action = op->action};

    if (sl_collective_stopped(pipe->everyone))
        return SLUICE_CLOSED;
    int64_t arrived = sl_wall_ns(device);
    sluice_status st = SLUICE_OK;
    if (from)
        st = sl_link_take(from, microbatch, &device->virtual_ns);
    if (st)
        return st;
    sl_begin_work(device, &event, arrived);
    st = is->compute(device, op, &why);
    sl_end_work(device, &event);
    if (st == SLUICE_CLOSED && sl_collective_stopped(pipe->everyone))
        return st;
    if (st) {
        fail(device, op, st, &why);
        return st;
    }
    if (op->releases)
        release(ends, op);
    if (to)
        st = sl_link_publish(to, microbatch, &device->virtual_ns);
    event.output_wait_ns = sl_wall_ns(device) - event.end_ns;
    event.virtual_output_wait_ns = device->virtual_ns - event.virtual_end_ns;
    if (sl_records(device))
        sl_recorder_add(&device->recorder, event);
    return st;
}

sluice_status sl_walk(struct sl_device *device,
                      const struct sl_program *program)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < program->n_ops && !st; i++)
        st = execute(device, &program->ops[i]);
    return st;
}
