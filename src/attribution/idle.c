/*
 * Idle time, divided among causes.  Any thread; reads only.
 *
 * A walk through a device's events moves the time `now` from the start of the
 * step to its end.  Each step of the walk gives the time up to a later point to
 * one cause, so that every nanosecond is counted exactly once.  Before an
 * action these are: hand-off up to the device's arrival, waiting until the
 * producer has ended, hand-off up to the start; after it, back-pressure until
 * there is room, then hand-off again.  attribution.h defines the causes.
 */
#include "attribution/idle.h"

#include "base/clock.h"
#include "attribution/turnaround.h"

/* One device on its way through the step. */
struct walk {
    const struct sl_index *index;
    int device;
    bool cells_sleep;
    int last_forward; /* number of its last F; -1: none */
    int last_compute; /* of its last action but UPDATE; -1: none */
    int64_t now;      /* all before is accounted for */
    sluice_idle *idle;
};

static int64_t clamp(int64_t t, int64_t low, int64_t high)
{
    if (t < low)
        return low;
    return t > high ? high : t;
}

/*
 * Idle up to `until`; what of that lies outside all computing belongs to the
 * step around the pipeline.  Every idle nanosecond except preemption and
 * meetings of a team passes here, once: so busy time and causes add up to the
 * step.
 */
static void idle_until(struct walk *w, sluice_idle_cause cause, int64_t until)
{
    if (until <= w->now)
        return;
    int64_t from = clamp(w->index->start_ns, w->now, until);
    int64_t to = clamp(w->index->end_ns, from, until);
    w->idle->cause_ns[cause] += to - from;
    w->idle->cause_ns[SLUICE_IDLE_UPDATE] += (until - w->now) - (to - from);
    w->now = until;
}

/* The same, and the cause is one of the step around the pipeline. */
static void around_until(struct walk *w, sluice_idle_cause cause, int64_t until)
{
    if (until <= w->now)
        return;
    w->idle->cause_ns[cause] += until - w->now;
    w->now = until;
}

static const sluice_trace_event *event_of(const struct walk *w, int i)
{
    return &w->index->trace->events[w->device][i];
}

static int n_events(const struct walk *w)
{
    return w->index->trace->n_events[w->device];
}

/* Waiting for the input that `producer` makes, until `ready`. */
static void wait_for_input(struct walk *w, int i, int64_t ready,
                           const sluice_trace_event *producer)
{
    sluice_action a = event_of(w, i)->action;
    enum sl_way way = sl_way_of(a);
    if (ready <= w->now)
        return;
    if (w->index->first[way][a.stage] == i) {
        int64_t held = 0;
        if (way == SL_BACKWARD)
            held = clamp(sl_held_up(w->index, producer, w->now), 0,
                         ready - w->now);
        idle_until(w, SLUICE_IDLE_FILL, ready - held);
        idle_until(w, SLUICE_IDLE_IMBALANCE, ready);
    } else if (w->index->interleaves && i > w->last_forward) {
        idle_until(w, SLUICE_IDLE_DRAIN, ready);
    } else {
        idle_until(w, SLUICE_IDLE_IMBALANCE, ready);
    }
}

/* Computing is over on this device; what it made may be held up elsewhere. */
static void drain_until(struct walk *w, int64_t until)
{
    int64_t end = until < w->index->end_ns ? until : w->index->end_ns;
    if (w->last_compute >= 0 && end > w->now) {
        int64_t held = sl_held_up_after(w->index, event_of(w, w->last_compute));
        idle_until(w, SLUICE_IDLE_DRAIN, end - clamp(held, 0, end - w->now));
        idle_until(w, SLUICE_IDLE_IMBALANCE, end);
    }
    idle_until(w, SLUICE_IDLE_DRAIN, until);
}

/* Waiting for the commit, from `arrived` on: as long as others compute, for
 * them. */
static void commit_until(struct walk *w, int64_t arrived, int64_t until)
{
    int64_t last = w->index->end_ns;
    drain_until(w, clamp(last, arrived, until));
    around_until(w, SLUICE_IDLE_COMMIT, until);
}

/* An update, or a reduction: a barrier of replicas. */
static void before_update(struct walk *w, int i)
{
    const sluice_trace_event *e = event_of(w, i);
    bool reduces = e->action.kind == SLUICE_REDUCE_GRAD;
    int64_t arrived = sl_sub_ns(e->start_ns, e->input_wait_ns);
    if (i > w->last_compute && reduces)
        drain_until(w, arrived);
    else if (i > w->last_compute)
        commit_until(w, arrived, e->start_ns);
    idle_until(w, SLUICE_IDLE_UPDATE, e->start_ns);
}

/* From the end of the action before to the start of `i`. */
static void before(struct walk *w, int i)
{
    const sluice_trace_event *e = event_of(w, i);
    if (!sl_computes(e->action)) {
        before_update(w, i);
        return;
    }
    const sluice_trace_event *p = sl_index_producer(w->index, e->action);
    if (p) {
        if (i)
            idle_until(w, SLUICE_IDLE_HAND_OFF,
                       sl_sub_ns(e->start_ns, e->input_wait_ns));
        wait_for_input(w, i, clamp(p->end_ns, w->now, e->start_ns), p);
    }
    idle_until(w, SLUICE_IDLE_HAND_OFF, e->start_ns);
}

static void during(struct walk *w, const sluice_trace_event *e)
{
    if (!sl_computes(e->action)) {
        idle_until(w, SLUICE_IDLE_UPDATE, e->end_ns);
        return;
    }
    int64_t own = sl_own_ns(e, w->cells_sleep);
    int64_t team = sl_team_ns(e);
    w->idle->busy_ns += own;
    w->idle->cause_ns[SLUICE_IDLE_TEAM] += team;
    w->idle->cause_ns[SLUICE_IDLE_PREEMPTION] +=
        e->end_ns - e->start_ns - team - own;
    w->now = e->end_ns;
}

/* Number of the last event of `device` that starts at or before `when`, or -1.
 */
static int last_started(const sluice_trace *trace, int device, int64_t when)
{
    int low = 0, high = trace->n_events[device];
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (trace->events[device][middle].start_ns <= when)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

/*
 * When the queue that `e` puts into had room: when the consumer took the last
 * item before that of `e`, if that was after the end of `e` and not after
 * `until`; else at once.
 */
static int64_t room_at(const struct walk *w, const sluice_trace_event *e,
                       int64_t until)
{
    const sluice_trace *trace = w->index->trace;
    int stage = sl_index_consumer(w->index, e->action);
    if (stage < 0)
        return e->end_ns;
    int device = w->index->device[stage];
    for (int i = last_started(trace, device, until); i >= 0; i--) {
        const sluice_trace_event *taker = &trace->events[device][i];
        if (taker->start_ns <= e->end_ns)
            break;
        if (taker->action.stage == stage &&
            sl_way_of(taker->action) == sl_way_of(e->action) &&
            taker->action.microbatch != e->action.microbatch)
            return taker->start_ns;
    }
    return e->end_ns;
}

static void after(struct walk *w, int i)
{
    const sluice_trace_event *e = event_of(w, i);
    bool updates = e->action.kind == SLUICE_UPDATE;
    int64_t end = w->index->trace->end_ns;
    if (i + 1 < n_events(w))
        end = event_of(w, i + 1)->start_ns;
    if (end - e->end_ns > e->output_wait_ns)
        end = e->end_ns + e->output_wait_ns;
    if (updates && i > w->last_compute) {
        commit_until(w, e->end_ns, end);
        return;
    }
    idle_until(w, SLUICE_IDLE_BACK_PRESSURE, room_at(w, e, end));
    idle_until(w, SLUICE_IDLE_HAND_OFF, end);
}

static void look_ahead(struct walk *w)
{
    w->last_forward = w->last_compute = -1;
    for (int i = 0; i < n_events(w); i++) {
        sluice_action a = event_of(w, i)->action;
        if (sl_computes(a))
            w->last_compute = i;
        if (a.kind == SLUICE_F)
            w->last_forward = i;
    }
}

/* A queue that is full because its consumer is slower throughout. */
static void move_imbalance(sluice_idle *idle, int64_t missing_ns)
{
    int64_t *imbalance = &idle->cause_ns[SLUICE_IDLE_IMBALANCE];
    int64_t *full = &idle->cause_ns[SLUICE_IDLE_BACK_PRESSURE];
    int64_t moved = clamp(missing_ns - *imbalance, 0, *full);
    *imbalance += moved;
    *full -= moved;
}

int64_t sl_computing_ns(const struct sl_index *index, int device)
{
    const sluice_trace *trace = index->trace;
    int64_t sum = 0;
    for (int i = 0; i < trace->n_events[device]; i++) {
        const sluice_trace_event *e = &trace->events[device][i];
        if (sl_computes(e->action))
            sum += e->end_ns - e->start_ns;
    }
    return sum;
}

void sl_attribute_device(const struct sl_index *index, int device,
                         bool cells_sleep, int64_t slowest_ns,
                         sluice_idle *idle)
{
    const sluice_trace *trace = index->trace;
    *idle = (sluice_idle){.total_ns = trace->end_ns - trace->start_ns};
    struct walk w = {
        .index = index,
        .device = device,
        .cells_sleep = cells_sleep,
        .now = trace->start_ns,
        .idle = idle,
    };
    look_ahead(&w);
    for (int i = 0; i < n_events(&w); i++) {
        before(&w, i);
        during(&w, event_of(&w, i));
        after(&w, i);
    }
    drain_until(&w, trace->end_ns);
    move_imbalance(idle, slowest_ns - sl_computing_ns(index, device));
}
