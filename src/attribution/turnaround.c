/*
 * The turn-around of a pipeline.  Any thread; reads only.
 *
 * The way of a micro-batch leads up the stages by its forwards, turns at the
 * last stage, and leads down by its backwards.  On that way its data may lie
 * ready while a device is busy with other work; the sums of these delays tell
 * how much of a wait is owed to busy devices and not to the length of the way.
 */
#include "attribution/turnaround.h"

/* How long the input of `e` lay ready because the device was still busy. */
static int64_t delay_before(const struct sl_index *index,
                            const sluice_trace_event *e, int64_t ready)
{
    int device = index->device[e->action.stage];
    if (e == index->trace->events[device])
        return 0;
    int64_t free = (e - 1)->end_ns;
    return free > ready ? free - ready : 0;
}

static bool is_last(const struct sl_index *index, int stage)
{
    return stage % index->depth == index->depth - 1;
}

/* The F of the last stage before its backward `e`, where the way turns. */
static const sluice_trace_event *turn(const struct sl_index *index,
                                      const sluice_trace_event *e)
{
    int last = e->action.stage;
    const sluice_trace_event *first = index->trace->events[index->device[last]];
    while (e > first) {
        e--;
        if (e->action.kind == SLUICE_F && e->action.stage == last)
            return e;
    }
    return NULL;
}

int64_t sl_held_up(const struct sl_index *index, const sluice_trace_event *e,
                   int64_t from)
{
    int64_t sum = 0;
    while (e && e->start_ns > from) {
        sluice_action a = e->action;
        enum sl_way way = sl_way_of(a);
        if (way == SL_BACKWARD && is_last(index, a.stage)) {
            e = turn(index, e);
            continue;
        }
        int before = way == SL_FORWARD ? a.stage - 1 : a.stage + 1;
        const sluice_trace_event *p =
            sl_index_find(index, way, before, a.microbatch);
        if (p)
            sum += delay_before(index, e, p->end_ns > from ? p->end_ns : from);
        e = p;
    }
    return sum;
}

int64_t sl_held_up_after(const struct sl_index *index,
                         const sluice_trace_event *e)
{
    int64_t sum = 0;
    for (;;) {
        sluice_action a = e->action;
        enum sl_way way = sl_way_of(a);
        if (way == SL_NO_WAY)
            return sum;
        const sluice_trace_event *next = sl_index_find(
            index, way, a.stage + (way == SL_FORWARD ? 1 : -1), a.microbatch);
        if (!next)
            return sum;
        sum += delay_before(index, next, e->end_ns);
        e = next;
    }
}
