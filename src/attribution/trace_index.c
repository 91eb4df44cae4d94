/* A trace, checked and indexed.  Any thread. */
#include "attribution/trace_index.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/memory.h"

/* Of all devices together: what is computed from a trace adds up a few times of
 * all its devices, or of micro-batches of up to three times the size. */
static const int64_t MOST_NS = INT64_MAX / 8;

static sluice_status bad(const sluice_trace *trace, int device, int place,
                         const char *what, sluice_diag *why)
{
    char name[SLUICE_DIAG_ACTION];
    sluice_action action = trace->events[device][place].action;
    return sluice_diag_set(
        why, SLUICE_INVALID, "trace: device %d, event %d, %s: %s", device,
        place, sluice_action_format(action, name, sizeof name), what);
}

static bool in_range(sluice_action action)
{
    bool known =
        (unsigned)action.kind < SL_N_SHOWN ||
        (action.kind >= SLUICE_REDUCE_GRAD && action.kind <= SLUICE_RESHARD);
    if (!known || (unsigned)action.stage >= SLUICE_MAX_STAGES)
        return false;
    return !sl_computes(action) ||
           (unsigned)action.microbatch < SLUICE_MAX_MICROBATCHES;
}

/* One device: ranges, order, and what it adds to the numbers of the whole. */
static sluice_status check_device(struct sl_index *index, int device,
                                  sluice_diag *why)
{
    const sluice_trace *trace = index->trace;
    int64_t now = trace->start_ns;
    bool backward = false;
    for (int i = 0; i < trace->n_events[device]; i++) {
        const sluice_trace_event *e = &trace->events[device][i];
        if (!in_range(e->action))
            return bad(trace, device, i, "is no action", why);
        if (e->input_wait_ns < 0 || e->output_wait_ns < 0)
            return bad(trace, device, i, "waits a negative time", why);
        if (e->start_ns < now)
            return bad(trace, device, i,
                       "starts before the one before it has ended", why);
        if (e->end_ns < e->start_ns || e->end_ns > trace->end_ns)
            return bad(trace, device, i,
                       "ends before its start or after the step", why);
        now = e->end_ns;
        backward = backward || sl_way_of(e->action) == SL_BACKWARD;
        if (backward && sl_way_of(e->action) == SL_FORWARD)
            index->interleaves = true;
        if (e->action.stage >= index->n_stages)
            index->n_stages = e->action.stage + 1;
        if (!sl_computes(e->action))
            continue;
        if (e->action.microbatch >= index->n_microbatches)
            index->n_microbatches = e->action.microbatch + 1;
        if (e->start_ns < index->start_ns)
            index->start_ns = e->start_ns;
        if (e->end_ns > index->end_ns)
            index->end_ns = e->end_ns;
    }
    return SLUICE_OK;
}

static sluice_status check(struct sl_index *index, sluice_diag *why)
{
    const sluice_trace *trace = index->trace;
    if (trace->n_devices < 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "trace: %d devices; give at least 1",
                               trace->n_devices);
    if (trace->end_ns < trace->start_ns)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "trace: the step ends %" PRId64
                               " ns before its start",
                               sl_sub_ns(trace->start_ns, trace->end_ns));
    int64_t most = MOST_NS / trace->n_devices;
    if (sl_sub_ns(trace->end_ns, trace->start_ns) > most)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "trace: the step of %d devices takes %" PRId64
                               " ns; at most %" PRId64 " can be added up",
                               trace->n_devices,
                               sl_sub_ns(trace->end_ns, trace->start_ns), most);
    if (trace->n_devices % sl_n_replicas(trace))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "trace: %d devices are not %d replicas of equal "
                               "size: n_replicas must divide n_devices",
                               trace->n_devices, trace->n_replicas);
    for (int d = 0; d < trace->n_devices; d++) {
        sluice_status st = check_device(index, d, why);
        if (st)
            return st;
    }
    if (index->start_ns > index->end_ns)
        index->start_ns = index->end_ns = trace->start_ns;
    return SLUICE_OK;
}

static size_t n_places(const struct sl_index *index)
{
    return (size_t)index->n_stages * (size_t)index->n_microbatches;
}

static int *allocate_unset(const struct sl_index *index, size_t n)
{
    int *block = sl_alloc(index->allocator, n, sizeof *block);
    for (size_t i = 0; block && i < n; i++)
        block[i] = -1;
    return block;
}

static bool allocate(struct sl_index *index)
{
    index->device = allocate_unset(index, (size_t)index->n_stages);
    bool all = index->device;
    for (int way = 0; way < SL_N_WAYS; way++) {
        index->place[way] = allocate_unset(index, n_places(index));
        index->first[way] = allocate_unset(index, (size_t)index->n_stages);
        all = all && index->place[way] && index->first[way];
    }
    return all;
}

static sluice_status enter(struct sl_index *index, int device, int i,
                           sluice_diag *why)
{
    sluice_action a = index->trace->events[device][i].action;
    enum sl_way way = sl_way_of(a);
    if (index->device[a.stage] < 0)
        index->device[a.stage] = device;
    if (index->device[a.stage] != device)
        return bad(index->trace, device, i,
                   "its stage is on another device, too", why);
    if (way == SL_NO_WAY)
        return SLUICE_OK;
    int *place =
        &index->place[way][(size_t)a.stage * (size_t)index->n_microbatches +
                           (size_t)a.microbatch];
    if (*place >= 0)
        return bad(index->trace, device, i, "is there twice", why);
    *place = i;
    if (index->first[way][a.stage] < 0)
        index->first[way][a.stage] = i;
    return SLUICE_OK;
}

/* Stages of the first micro-batch; all, unless that makes equal copies. */
static int depth_of(const struct sl_index *index)
{
    int depth = 0;
    for (int s = 0; s < index->n_stages && index->n_microbatches > 0; s++)
        depth += sl_index_find(index, SL_FORWARD, s, 0) != NULL;
    return depth && index->n_stages % depth == 0 ? depth : index->n_stages;
}

sluice_status sl_index_init(struct sl_index *index, const sluice_trace *trace,
                            const sluice_allocator *allocator, sluice_diag *why)
{
    if (trace->n_devices > 0 && trace->n_shards > 1 &&
        trace->n_devices % (sl_n_replicas(trace) * trace->n_shards))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "trace: %d devices are not %d replicas with "
                               "teams of %d: n_replicas x n_shards must divide "
                               "n_devices",
                               trace->n_devices, sl_n_replicas(trace),
                               trace->n_shards);
    *index = (struct sl_index){
        .allocator = allocator,
        .trace = trace,
        .start_ns = INT64_MAX,
        .end_ns = INT64_MIN,
    };
    if (sl_fold_is_needed(trace)) {
        if (sl_fold_init(&index->fold, trace, allocator))
            return sl_no_memory(why, "the index of a trace");
        trace = index->trace = &index->fold.trace;
    }
    sluice_status st = check(index, why);
    if (st) {
        sl_fold_fini(&index->fold, allocator);
        return st;
    }
    if (!allocate(index))
        st = sl_no_memory(why, "the index of a trace");
    for (int d = 0; d < trace->n_devices && !st; d++)
        for (int i = 0; i < trace->n_events[d] && !st; i++)
            st = enter(index, d, i, why);
    index->depth = st ? 0 : depth_of(index);
    if (st)
        sl_index_fini(index);
    return st;
}

void sl_index_fini(struct sl_index *index)
{
    size_t stages = (size_t)index->n_stages;
    for (int way = SL_N_WAYS - 1; way >= 0; way--) {
        sl_free(index->allocator, index->first[way], stages, sizeof(int));
        sl_free(index->allocator, index->place[way], n_places(index),
                sizeof(int));
    }
    sl_free(index->allocator, index->device, stages, sizeof(int));
    sl_fold_fini(&index->fold, index->allocator);
}

const sluice_trace_event *sl_index_find(const struct sl_index *index,
                                        enum sl_way way, int stage,
                                        int microbatch)
{
    if (stage < 0 || stage >= index->n_stages)
        return NULL;
    size_t row = (size_t)stage * (size_t)index->n_microbatches;
    int place = index->place[way][row + (size_t)microbatch];
    if (place < 0)
        return NULL;
    return &index->trace->events[index->device[stage]][place];
}

/* `stage` if it is there and on another device than `other`, else -1. */
static int across(const struct sl_index *index, int stage, int other)
{
    if (stage < 0 || stage >= index->n_stages || index->device[stage] < 0)
        return -1;
    return index->device[stage] != index->device[other] ? stage : -1;
}

const sluice_trace_event *sl_index_producer(const struct sl_index *index,
                                            sluice_action action)
{
    enum sl_way way = sl_way_of(action);
    if (way == SL_NO_WAY)
        return NULL;
    int step = way == SL_FORWARD ? -1 : 1;
    int stage = across(index, action.stage + step, action.stage);
    return sl_index_find(index, way, stage, action.microbatch);
}

int sl_index_consumer(const struct sl_index *index, sluice_action action)
{
    enum sl_way way = sl_way_of(action);
    if (way == SL_NO_WAY)
        return -1;
    int step = way == SL_FORWARD ? 1 : -1;
    return across(index, action.stage + step, action.stage);
}
