/* Sends and receives, folded into the actions beside them; replicas and shards,
 * told apart.  Any thread. */
#include "attribution/fold.h"

#include "base/clock.h"
#include "base/memory.h"
#include "sched/schedule.h"

/* What tells the replicas' actions apart. */
struct numbers {
    int stages; /* of one replica */
    int microbatches;
    int devices; /* of one replica, all shards together */
    int shards;
};

static struct numbers numbers_of(const sluice_trace *trace)
{
    struct numbers n = {
        .devices = trace->n_devices,
        .shards = trace->n_shards > 1 ? trace->n_shards : 1,
    };
    if (trace->n_replicas > 1)
        n.devices = trace->n_devices / trace->n_replicas;
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++) {
            sluice_action action = trace->events[d][i].action;
            if (action.stage >= n.stages && action.stage < SLUICE_MAX_STAGES)
                n.stages = action.stage + 1;
            if (action.microbatch >= n.microbatches &&
                action.microbatch < SLUICE_MAX_MICROBATCHES)
                n.microbatches = action.microbatch + 1;
        }
    return n;
}

/* Number the stages and micro-batches of a replica behind those of the replicas
 * before it; the devices of one shard are a replica of their own. */
static void renumber(sluice_action *action, struct numbers n, int device)
{
    int replica = n.devices > 0 ? device / n.devices : 0;
    replica = replica * n.shards + device % n.shards;
    if (action->stage >= 0 && action->stage < n.stages)
        action->stage += replica * n.stages;
    if (action->microbatch >= 0 && action->microbatch < n.microbatches)
        action->microbatch += replica * n.microbatches;
}

bool sl_fold_is_needed(const sluice_trace *trace)
{
    if (trace->n_replicas > 1 || trace->n_shards > 1)
        return true;
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++)
            if (sl_is_hand_off(trace->events[d][i].action))
                return true;
    return false;
}

/* Add a time that a trace tells, which may be anything. */
static void add_wait(int64_t *sum, int64_t wait_ns)
{
    if (wait_ns > 0)
        *sum = sl_add_ns(*sum, wait_ns);
}

/* Returns the events that remain, from `next` on. */
static int fold_device(const sluice_trace *trace, int device, struct numbers of,
                       sluice_trace_event *next)
{
    int64_t waited = 0; /* by RECVs since the event before */
    int n = 0;
    for (int i = 0; i < trace->n_events[device]; i++) {
        const sluice_trace_event *event = &trace->events[device][i];
        if (sl_is_hand_off(event->action)) {
            add_wait(&waited, event->input_wait_ns);
            if (n)
                add_wait(&next[n - 1].output_wait_ns, event->output_wait_ns);
            continue;
        }
        next[n] = *event;
        renumber(&next[n].action, of, device);
        add_wait(&next[n++].input_wait_ns, waited);
        waited = 0;
    }
    return n;
}

sluice_status sl_fold_init(struct sl_fold *fold, const sluice_trace *trace,
                           const sluice_allocator *allocator)
{
    size_t n_devices = (size_t)trace->n_devices;
    *fold = (struct sl_fold){.n_devices = trace->n_devices};
    for (size_t d = 0; d < n_devices; d++)
        fold->n_stored += (size_t)trace->n_events[d];
    fold->storage = sl_alloc(allocator, fold->n_stored, sizeof *fold->storage);
    fold->events = sl_alloc(allocator, n_devices, sizeof *fold->events);
    fold->n_events = sl_alloc(allocator, n_devices, sizeof *fold->n_events);
    if (!fold->storage || !fold->events || !fold->n_events) {
        sl_fold_fini(fold, allocator);
        return SLUICE_NO_MEMORY;
    }
    sluice_trace_event *next = fold->storage;
    struct numbers of = numbers_of(trace);
    for (int d = 0; d < trace->n_devices; d++) {
        fold->n_events[d] = fold_device(trace, d, of, next);
        fold->events[d] = next;
        next += fold->n_events[d];
    }
    fold->trace = *trace;
    fold->trace.n_replicas =
        of.shards * (trace->n_replicas > 1 ? trace->n_replicas : 1);
    fold->trace.n_shards = 1;
    fold->trace.n_events = fold->n_events;
    fold->trace.events = fold->events;
    return SLUICE_OK;
}

void sl_fold_fini(struct sl_fold *fold, const sluice_allocator *allocator)
{
    size_t n_devices = (size_t)fold->n_devices;
    sl_free(allocator, fold->n_events, n_devices, sizeof *fold->n_events);
    sl_free(allocator, fold->events, n_devices, sizeof *fold->events);
    sl_free(allocator, fold->storage, fold->n_stored, sizeof *fold->storage);
    *fold = (struct sl_fold){0};
}
