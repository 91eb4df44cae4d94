/* Adding up gradients.  The devices that hold a part. */
#include "pipeline/reduce.h"

#include <string.h>

#include "pipeline/clocks.h"

enum { CHUNK_FLOATS = SL_ALIGN / sizeof(float) }; /* chunks start on a line */

/* A meeting of the devices that hold a part of the model. */
struct meeting {
    const sluice_pipeline *pipe;
    struct sl_group *group;
    int everybody; /* arrivals since the step began, when all have come */
};

/* Stages that hold a part: its copies in replica 0, in replica 1, ... */
static int n_members(const struct sl_blueprint *bp)
{
    return bp->n_replicas * bp->n_copies;
}

static struct sl_stage *member(const struct sl_blueprint *bp, int part, int i)
{
    return &bp->layout.stages[i * bp->depth + part];
}

/* Which of the members a device's stage is. */
static int member_number(const struct sl_device *device,
                         const struct sl_stage *stage)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    return device->replica * bp->n_copies + stage->index / bp->depth;
}

static bool is_complete(const void *state)
{
    const struct meeting *m = state;
    return atomic_load(&m->group->n_arrived) >= m->everybody ||
           sl_failure_stopped(&m->pipe->failure);
}

static void wake_members(const sluice_pipeline *pipe, int part)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    for (int i = 0; i < n_members(bp); i++) {
        int replica = i / bp->n_copies;
        int place = member(bp, part, i)->device;
        sl_gate_wake(&pipe->devices[replica * bp->n_devices + place].gate);
    }
}

static void raise(atomic_llong *latest, long long ns)
{
    long long seen = atomic_load(latest);
    while (seen < ns && !atomic_compare_exchange_weak(latest, &seen, ns))
        ;
}

/*
 * Wait for the others.  A device can be at most one meeting ahead, so two
 * places for the latest virtual time are enough.
 */
static sluice_status meet(struct sl_device *device, struct sl_stage *stage)
{
    sluice_pipeline *pipe = device->pipe;
    int part = stage->index % pipe->blueprint.depth;
    struct sl_group *group = &pipe->groups[part];
    int number = stage->n_meetings++;
    struct meeting m = {
        .pipe = pipe,
        .group = group,
        .everybody = (number + 1) * n_members(&pipe->blueprint),
    };
    raise(&group->latest_ns[number & 1], device->virtual_ns);
    if (atomic_fetch_add(&group->n_arrived, 1) + 1 == m.everybody)
        wake_members(pipe, part);
    else
        sl_gate_wait(&device->gate, pipe->patience, is_complete, &m);
    if (sl_failure_stopped(&pipe->failure))
        return SLUICE_CLOSED;
    device->virtual_ns = atomic_load(&group->latest_ns[number & 1]);
    return SLUICE_OK;
}

struct chunk {
    int64_t first;
    int64_t n;
};

static struct chunk chunk_of(const struct sl_stage *stage, int n_chunks, int i)
{
    int64_t lines = stage->n_params / CHUNK_FLOATS;
    int64_t first = lines * i / n_chunks;
    int64_t end = lines * (i + 1) / n_chunks;
    return (struct chunk){first * CHUNK_FLOATS, (end - first) * CHUNK_FLOATS};
}

/* This member's chunk: a sum that starts from member 0, element by element. */
static void scatter(const struct sl_device *device, struct sl_stage *stage)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    int n = n_members(bp);
    struct chunk c = chunk_of(stage, n, member_number(device, stage));
    const float *parts[SLUICE_MAX_DEVICES];
    for (int i = 0; i < n; i++)
        parts[i] = member(bp, stage->index % bp->depth, i)->grads + c.first;
    float *sum = stage->grads + c.first;
    for (int64_t i = 0; i < c.n; i++) {
        float total = parts[0][i];
        for (int k = 1; k < n; k++)
            total += parts[k][i];
        sum[i] = total;
    }
}

static void gather(const struct sl_device *device, struct sl_stage *stage)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    int n = n_members(bp);
    for (int i = 0; i < n; i++) {
        struct chunk c = chunk_of(stage, n, i);
        const struct sl_stage *other = member(bp, stage->index % bp->depth, i);
        if (i != member_number(device, stage))
            memcpy(stage->grads + c.first, other->grads + c.first,
                   (size_t)c.n * sizeof(float));
    }
}

/* Everybody has gathered: this member's gradients may be written again. */
static void release(const struct sl_device *device, struct sl_stage *stage)
{
    (void)device;
    (void)stage;
}

/*
 * A meeting, and the part of the work that comes after it.  Behind the last
 * all-gather of a step there need be none: others may still read this member's
 * chunk, but nobody writes gradients again before the commit, where all come
 * together.
 */
static sluice_status phase(struct sl_device *device, struct sl_stage *stage,
                           void (*work)(const struct sl_device *device,
                                        struct sl_stage *stage))
{
    sluice_trace_event event = {
        .action = {SLUICE_REDUCE_GRAD, stage->index, -1},
    };
    int64_t arrived = sl_wall_ns(device);
    sluice_status st = meet(device, stage);
    if (st)
        return st;
    sl_begin_work(device, &event, arrived);
    work(device, stage);
    sl_end_work(device, &event);
    if (sl_records(device))
        sl_recorder_add(&device->recorder, event);
    return SLUICE_OK;
}

sluice_status sl_reduce_gradient(struct sl_device *device,
                                 const struct sl_op *op)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    struct sl_stage *stage = &device->stages[op->action.stage];
    bool is_last = op->update_no + 1 == bp->n_updates;
    if (n_members(bp) == 1 || stage->n_params == 0 ||
        device->pipe->update_rows[op->update_no] == 0)
        return SLUICE_OK;
    if (stage->fresh) /* there were no rows for it */
        memset(stage->grads, 0, (size_t)stage->n_params * sizeof(float));
    sluice_status st = phase(device, stage, scatter);
    if (!st)
        st = phase(device, stage, gather);
    if (!st && !is_last)
        st = phase(device, stage, release);
    return st;
}
