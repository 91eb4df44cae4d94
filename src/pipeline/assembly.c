/* Tables, queues and devices of a pipeline.  The caller. */
#include "pipeline/assembly.h"

sluice_status sl_alloc_tables(sluice_pipeline *pipe, sluice_diag *why)
{
    size_t k = (size_t)pipe->n_devices;
    size_t m = (size_t)pipe->blueprint.n_replicas *
               (size_t)pipe->blueprint.n_microbatches;
    pipe->devices = sl_alloc(pipe->allocator, k, sizeof *pipe->devices);
    pipe->groups = sl_alloc(pipe->allocator, (size_t)pipe->blueprint.depth,
                            sizeof *pipe->groups);
    pipe->outcomes = sl_alloc(pipe->allocator, m, sizeof *pipe->outcomes);
    pipe->update_rows =
        sl_alloc(pipe->allocator, (size_t)pipe->blueprint.n_updates,
                 sizeof *pipe->update_rows);
    pipe->n_events = sl_alloc(pipe->allocator, k, sizeof *pipe->n_events);
    pipe->events = sl_alloc(pipe->allocator, k, sizeof *pipe->events);
    if (pipe->devices && pipe->groups && pipe->outcomes && pipe->update_rows &&
        pipe->n_events && pipe->events)
        return SLUICE_OK;
    return sl_no_memory(why, "the devices' tables");
}

void sl_free_tables(sluice_pipeline *pipe)
{
    size_t k = (size_t)pipe->n_devices;
    size_t m = (size_t)pipe->blueprint.n_replicas *
               (size_t)pipe->blueprint.n_microbatches;
    sl_free(pipe->allocator, pipe->events, k, sizeof *pipe->events);
    sl_free(pipe->allocator, pipe->n_events, k, sizeof *pipe->n_events);
    sl_free(pipe->allocator, pipe->update_rows,
            (size_t)pipe->blueprint.n_updates, sizeof *pipe->update_rows);
    sl_free(pipe->allocator, pipe->outcomes, m, sizeof *pipe->outcomes);
    sl_free(pipe->allocator, pipe->groups, (size_t)pipe->blueprint.depth,
            sizeof *pipe->groups);
    sl_free(pipe->allocator, pipe->devices, k, sizeof *pipe->devices);
}

/* Queues exist only where neighbours live on different devices. */
static bool is_crossing(const struct sl_device *device, int boundary)
{
    return device->stages[boundary].device !=
           device->stages[boundary + 1].device;
}

static struct sl_queue *queue_at(const struct sl_device *device, int direction,
                                 int boundary)
{
    int n_boundaries = device->pipe->blueprint.n_stages - 1;
    if (boundary < 0 || boundary >= n_boundaries ||
        device->stages[boundary].is_last || !is_crossing(device, boundary))
        return NULL;
    return &device->queues[direction * n_boundaries + boundary];
}

struct sl_queue *sl_activation_queue(const struct sl_device *device,
                                     int from_stage)
{
    return queue_at(device, 0, from_stage);
}

struct sl_queue *sl_gradient_queue(const struct sl_device *device, int to_stage)
{
    return queue_at(device, 1, to_stage);
}

static void free_queues(sluice_pipeline *pipe, int n_made)
{
    for (int i = 0; i < n_made; i++)
        sl_queue_fini(&pipe->queues[i]);
    sl_free(pipe->allocator, pipe->queues, (size_t)pipe->n_queues,
            sizeof *pipe->queues);
    pipe->queues = NULL;
}

sluice_status sl_init_queues(sluice_pipeline *pipe, sluice_diag *why)
{
    pipe->n_queues =
        pipe->blueprint.n_replicas * 2 * (pipe->blueprint.n_stages - 1);
    pipe->queues =
        sl_alloc(pipe->allocator, (size_t)pipe->n_queues, sizeof *pipe->queues);
    if (!pipe->queues)
        return sl_no_memory(why, "the queues");
    for (int i = 0; i < pipe->n_queues; i++) {
        sluice_status st =
            sl_queue_init(&pipe->queues[i], pipe->blueprint.queue_capacity,
                          pipe->patience, pipe->allocator);
        if (st) {
            free_queues(pipe, i);
            return sluice_diag_set(why, st, "queue %d of %d could not be made",
                                   i, pipe->n_queues);
        }
    }
    return SLUICE_OK;
}

static void fini_device(struct sl_device *device)
{
    const sluice_allocator *allocator = device->pipe->allocator;
    sl_core_release(&device->core);
    sl_gate_fini(&device->gate);
    sl_recorder_fini(&device->recorder, allocator);
    sl_arena_fini(&device->arena);
}

static struct sl_device make_device(sluice_pipeline *pipe, int index)
{
    struct sl_blueprint *bp = &pipe->blueprint;
    int replica = index / bp->n_devices;
    int place = index % bp->n_devices;
    return (struct sl_device){
        .pipe = pipe,
        .index = index,
        .replica = replica,
        .place = place,
        .core = {.cpu = -1, .claim = -1},
        .stages = &bp->layout.stages[replica * bp->n_stages],
        .workspace = &bp->layout.workspaces[index],
        .queues = &pipe->queues[replica * 2 * (bp->n_stages - 1)],
        .train = &bp->train[place],
        .forward = &bp->forward[place],
    };
}

/* Events of one step: the program's, and up to three phases of reduction before
 * each update. */
static int n_events(const struct sl_device *device)
{
    int n = device->train->n_ops;
    for (int i = 0; i < device->train->n_ops; i++)
        n += 3 * (device->train->ops[i].action.kind == SLUICE_UPDATE);
    return n;
}

static sluice_status init_device(sluice_pipeline *pipe, int index,
                                 sluice_diag *why)
{
    struct sl_device *device = &pipe->devices[index];
    struct sl_blueprint *bp = &pipe->blueprint;
    *device = make_device(pipe, index);
    size_t bytes = bp->layout.plans[device->place].total;
    if (sl_arena_init(&device->arena, bytes, pipe->allocator))
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory: device %d needs an arena of "
                               "%zu bytes",
                               index, bytes);
    sl_layout_bind(&bp->layout, device->replica, device->place, &device->arena);
    sluice_status st =
        sl_recorder_init(&device->recorder, pipe->traces ? n_events(device) : 0,
                         pipe->allocator);
    if (st) {
        sl_no_memory(why, "the trace");
        goto fini_arena;
    }
    st = sl_gate_init(&device->gate);
    if (st) {
        sluice_diag_set(why, st, "the system has no lock for device %d", index);
        goto fini_recorder;
    }
    pipe->events[index] = device->recorder.events;
    return SLUICE_OK;

fini_recorder:
    sl_recorder_fini(&device->recorder, pipe->allocator);
fini_arena:
    sl_arena_fini(&device->arena);
    return st;
}

static void free_devices(sluice_pipeline *pipe, int n_made)
{
    for (int i = 0; i < n_made; i++)
        fini_device(&pipe->devices[i]);
}

sluice_status sl_init_devices(sluice_pipeline *pipe, sluice_diag *why)
{
    for (int i = 0; i < pipe->n_devices; i++) {
        sluice_status st = init_device(pipe, i, why);
        if (st) {
            free_devices(pipe, i);
            return st;
        }
    }
    return SLUICE_OK;
}

void sl_fini_queues(sluice_pipeline *pipe)
{
    free_queues(pipe, pipe->n_queues);
}

void sl_fini_devices(sluice_pipeline *pipe)
{
    free_devices(pipe, pipe->n_devices);
}
