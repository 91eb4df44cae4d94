/* Where the time went.  Any thread; reads only. */
#include <sluice/trace.h>

#include <stdbool.h>

#include "base/clock.h"

struct window {
    int64_t start;
    int64_t end;
};

/* Whether an action is work of the formula, (K - 1) / (M + K - 1); hand-offs
 * wait, but do not work. */
static bool computes(sluice_action action)
{
    return action.kind < SLUICE_UPDATE;
}

static void widen(struct window *w, const sluice_trace_event *event)
{
    if (event->start_ns < w->start)
        w->start = event->start_ns;
    if (event->end_ns > w->end)
        w->end = event->end_ns;
}

static int64_t length(struct window w)
{
    return w.end > w.start ? sl_sub_ns(w.end, w.start) : 0;
}

static struct window compute_window(const sluice_trace *trace)
{
    struct window w = {INT64_MAX, INT64_MIN};
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++)
            if (computes(trace->events[d][i].action))
                widen(&w, &trace->events[d][i]);
    if (w.end < w.start)
        w = (struct window){0, 0};
    return w;
}

static int64_t overlap(struct window w, int64_t start, int64_t end)
{
    if (start < w.start)
        start = w.start;
    if (end > w.end)
        end = w.end;
    return end > start ? sl_sub_ns(end, start) : 0;
}

/* What an event waited for its team, between its start and its end. */
static int64_t team_wait(const sluice_trace_event *e)
{
    int64_t wall = sl_sub_ns(e->end_ns, e->start_ns);
    int64_t wait = e->team_wait_ns > 0 ? e->team_wait_ns : 0;
    return wait < wall ? wait : wall;
}

static void add(int64_t *sum, int64_t ns)
{
    *sum = sl_add_ns(*sum, ns);
}

static void set_shares(sluice_time_share *share, int n_devices)
{
    double total = (double)share->makespan_ns * n_devices;
    share->busy = total > 0 ? (double)share->busy_ns / total : 0;
    share->wait = total > 0 ? (double)share->wait_ns / total : 0;
    share->bubble = total > 0 ? 1 - share->busy : 0;
}

static sluice_time_share account(const sluice_trace *trace, int device,
                                 struct window w)
{
    sluice_time_share share = {.makespan_ns = sl_sub_ns(w.end, w.start)};
    struct window own = {INT64_MAX, INT64_MIN};
    for (int i = 0; i < trace->n_events[device]; i++) {
        const sluice_trace_event *e = &trace->events[device][i];
        if (e->action.kind == SLUICE_UPDATE ||
            e->action.kind >= SLUICE_REDUCE_GRAD)
            continue;
        if (computes(e->action)) {
            int64_t wait = team_wait(e);
            add(&share.busy_ns,
                sl_sub_ns(sl_sub_ns(e->end_ns, e->start_ns), wait));
            add(&share.wait_ns, wait);
            widen(&own, e);
        }
        add(&share.wait_ns,
            overlap(w, sl_sub_ns(e->start_ns, e->input_wait_ns), e->start_ns));
        add(&share.wait_ns,
            overlap(w, e->end_ns, sl_add_ns(e->end_ns, e->output_wait_ns)));
    }
    share.span_ns = length(own);
    share.other_ns =
        sl_sub_ns(share.makespan_ns, sl_add_ns(share.busy_ns, share.wait_ns));
    set_shares(&share, 1);
    return share;
}

void sluice_trace_account(const sluice_trace *trace, sluice_time_share *devices,
                          sluice_time_share *all)
{
    struct window w = compute_window(trace);
    *all = (sluice_time_share){.makespan_ns = sl_sub_ns(w.end, w.start)};
    for (int d = 0; d < trace->n_devices; d++) {
        sluice_time_share share = account(trace, d, w);
        add(&all->busy_ns, share.busy_ns);
        add(&all->wait_ns, share.wait_ns);
        add(&all->other_ns, share.other_ns);
        if (share.span_ns > all->span_ns)
            all->span_ns = share.span_ns;
        if (devices)
            devices[d] = share;
    }
    set_shares(all, trace->n_devices);
}
