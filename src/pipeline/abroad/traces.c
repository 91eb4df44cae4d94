/*
 * Traces of several processes.  The process of each device gives all of them
 * its events, whose times it has made those of process 0.  The caller.
 */
#include "pipeline/abroad/traces.h"

#include <sluice/world.h>

#include "base/clock.h"
#include "chan/mpi/callers/alignment.h"
#include "pipeline/abroad/abroad.h"
#include "pipeline/execute.h"

enum { ALIGNED_NS = 100 * 1000 * 1000 };

void sl_gathered_trace_destroy(struct sl_gathered_trace *g,
                               const sluice_allocator *allocator)
{
    if (!g)
        return;
    size_t n = (size_t)g->n_devices;
    sl_free(allocator, g->offsets, (size_t)g->n_processes, sizeof *g->offsets);
    sl_free(allocator, g->storage, n * (size_t)g->capacity, sizeof *g->storage);
    sl_free(allocator, g->events, n, sizeof *g->events);
    sl_free(allocator, g->n_events, n, sizeof *g->n_events);
    sl_free(allocator, g, 1, sizeof *g);
}

/* Events of the longest program. */
static int longest(const struct sl_blueprint *bp)
{
    int most = 0;
    for (int d = 0; d < bp->grid.n_devices; d++) {
        int n = sl_n_events(&bp->train[d]);
        most = n > most ? n : most;
    }
    return most;
}

static sluice_status create(sluice_pipeline *pipe, sluice_diag *why)
{
    const sluice_allocator *allocator = pipe->allocator;
    struct sl_gathered_trace *g = sl_alloc(allocator, 1, sizeof *g);
    if (!g)
        return sl_no_memory(why, "a trace of all processes");
    g->n_devices = sl_n_all_devices(&pipe->blueprint.grid);
    g->n_processes = sluice_world_size(pipe->world);
    g->capacity = longest(&pipe->blueprint);
    size_t n = (size_t)g->n_devices;
    g->n_events = sl_alloc(allocator, n, sizeof *g->n_events);
    g->events = sl_alloc(allocator, n, sizeof *g->events);
    g->storage =
        sl_alloc(allocator, n * (size_t)g->capacity, sizeof *g->storage);
    g->offsets =
        sl_alloc(allocator, (size_t)g->n_processes, sizeof *g->offsets);
    if (!g->n_events || !g->events || !g->storage || !g->offsets) {
        sl_gathered_trace_destroy(g, allocator);
        return sl_no_memory(why, "a trace of all processes");
    }
    for (size_t d = 0; d < n; d++)
        g->events[d] = g->storage + d * (size_t)g->capacity;
    pipe->gathered = g;
    return SLUICE_OK;
}

/* The pipeline may have taken another shape since. */
static sluice_status make_room(sluice_pipeline *pipe, sluice_diag *why)
{
    const struct sl_gathered_trace *g = pipe->gathered;
    if (g && g->n_devices == sl_n_all_devices(&pipe->blueprint.grid) &&
        g->capacity >= longest(&pipe->blueprint))
        return SLUICE_OK;
    sl_gathered_trace_destroy(pipe->gathered, pipe->allocator);
    pipe->gathered = NULL;
    return create(pipe, why);
}

/* Process 0 tells its times of the step, and whether clocks are compared. */
static sluice_status begin(sluice_pipeline *pipe, sluice_trace *trace,
                           sluice_diag *why)
{
    struct sl_gathered_trace *g = pipe->gathered;
    int64_t now = sl_now_ns();
    bool is_old = !g->aligned_ns || now - g->aligned_ns > ALIGNED_NS;
    int64_t word[] = {trace->start_ns, trace->end_ns, is_old};
    sluice_status st = sl_abroad_share(pipe, 0, word, sizeof word, why);
    if (st || !word[2])
        goto done;
    st = sl_world_align(pipe->world, g->offsets, &g->error_ns, why);
    g->aligned_ns = now;
done:
    trace->start_ns = word[0];
    trace->end_ns = word[1];
    return st;
}

/* What a device of this process did, in process 0's time. */
static void copy_device(const sluice_pipeline *pipe, int index,
                        sluice_trace_event *to)
{
    const struct sl_gathered_trace *g = pipe->gathered;
    const struct sl_device *device = sl_abroad_device(pipe, index);
    int64_t offset = g->offsets[pipe->blueprint.processes.rank];
    g->n_events[index] = device->recorder.n;
    for (int i = 0; i < device->recorder.n; i++) {
        to[i] = device->recorder.events[i];
        to[i].start_ns += offset;
        to[i].end_ns += offset;
    }
}

static sluice_status gather(sluice_pipeline *pipe, sluice_diag *why)
{
    const struct sl_processes *processes = &pipe->blueprint.processes;
    struct sl_gathered_trace *g = pipe->gathered;
    sluice_status st = SLUICE_OK;
    for (int d = 0; d < g->n_devices && !st; d++) {
        sluice_trace_event *at = g->storage + (size_t)d * (size_t)g->capacity;
        int process = processes->of[d];
        if (process == processes->rank)
            copy_device(pipe, d, at);
        st = sl_abroad_share(pipe, process, &g->n_events[d],
                             sizeof *g->n_events, why);
        if (!st)
            st = sl_abroad_share(pipe, process, at,
                                 (size_t)g->n_events[d] * sizeof *at, why);
    }
    return st;
}

sluice_status sluice_pipeline_trace_all(sluice_pipeline *pipe,
                                        sluice_trace *trace, sluice_diag *why)
{
    sluice_trace all;
    sluice_status st = sluice_pipeline_trace(pipe, &all, why);
    if (!pipe->world) {
        if (!st)
            *trace = all;
        return st;
    }
    if (!st)
        st = make_room(pipe, why);
    st = sl_abroad_check(pipe, st, why);
    if (!st)
        st = begin(pipe, &all, why);
    if (!st)
        st = gather(pipe, why);
    if (st)
        return st;
    const struct sl_gathered_trace *g = pipe->gathered;
    all.n_devices = g->n_devices;
    all.n_events = g->n_events;
    all.events = g->events;
    all.n_replicas = pipe->blueprint.grid.n_replicas;
    all.clock_error_ns = g->error_ns;
    *trace = all;
    return SLUICE_OK;
}
