/* A trace on the virtual clock.  Any thread. */
#include <sluice/attribution.h>

#include "base/memory.h"
#include "report/index.h"

struct sluice_virtual_trace {
    const sluice_allocator *allocator; /* const after create */
    sluice_trace trace;                /* const after create; its arrays: */
    int *n_events;                     /* [n_devices] */
    const sluice_trace_event **events; /* [n_devices], into `all` */
    sluice_trace_event *all;           /* [n_all] */
    size_t n_all;
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The measured event on the other clock, without its waits. */
static sluice_trace_event convert(const sluice_trace_event *e)
{
    sluice_trace_event v = *e;
    v.start_ns = e->virtual_start_ns;
    v.end_ns = e->virtual_end_ns;
    v.cpu_ns = e->virtual_end_ns - e->virtual_start_ns;
    v.input_wait_ns = v.output_wait_ns = 0;
    return v;
}

/* Divide the gap before event `to` between its input and, if there is one, the
 * output of the event before. */
static void divide_gap(const struct sl_index *measured,
                       const sluice_trace_event *e, sluice_trace_event *to,
                       bool first)
{
    const sluice_trace_event *p = sl_index_producer(measured, e->action);
    int64_t free = first ? 0 : to[-1].end_ns;
    int64_t ready = p ? p->virtual_end_ns : free;
    if (first || !sl_computes(e->action) || ready >= to->start_ns)
        to->input_wait_ns = to->start_ns - free;
    else
        to[-1].output_wait_ns = to->start_ns - free;
}

static void fill(sluice_virtual_trace *v, const struct sl_index *measured)
{
    const sluice_trace *from = measured->trace;
    sluice_trace_event *to = v->all;
    for (int d = 0; d < from->n_devices; d++) {
        v->n_events[d] = from->n_events[d];
        v->events[d] = to;
        for (int i = 0; i < from->n_events[d]; i++, to++) {
            const sluice_trace_event *e = &from->events[d][i];
            *to = convert(e);
            divide_gap(measured, e, to, !i);
            v->trace.end_ns = later(v->trace.end_ns, to->end_ns);
        }
    }
}

/* Whether the virtual times are there, and make a trace. */
static sluice_status check(const sluice_virtual_trace *v, sluice_diag *why)
{
    struct sl_index index;
    if (v->n_all && !v->trace.end_ns)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "trace: its events have no virtual times; take "
                               "one that a pipeline has measured");
    sluice_status st = sl_index_init(&index, &v->trace, v->allocator, why);
    if (!st)
        sl_index_fini(&index);
    return st;
}

static sluice_status allocate(sluice_virtual_trace *v, sluice_diag *why)
{
    size_t k = (size_t)v->trace.n_devices;
    v->n_events = sl_alloc(v->allocator, k, sizeof *v->n_events);
    v->events = sl_alloc(v->allocator, k, sizeof *v->events);
    v->all = sl_alloc(v->allocator, v->n_all, sizeof *v->all);
    v->trace.n_events = v->n_events;
    v->trace.events = v->events;
    if (v->n_events && v->events && v->all)
        return SLUICE_OK;
    return sl_no_memory(why, "a trace on the virtual clock");
}

static sluice_status create(const struct sl_index *measured,
                            sluice_virtual_trace **out, sluice_diag *why)
{
    const sluice_trace *from = measured->trace;
    sluice_virtual_trace *v = sl_alloc(measured->allocator, 1, sizeof *v);
    if (!v)
        return sl_no_memory(why, "a trace on the virtual clock");
    v->allocator = measured->allocator;
    v->trace.n_devices = from->n_devices;
    for (int d = 0; d < from->n_devices; d++)
        v->n_all += (size_t)from->n_events[d];
    sluice_status st = allocate(v, why);
    if (!st) {
        fill(v, measured);
        st = check(v, why);
    }
    if (st) {
        sluice_virtual_trace_destroy(v);
        return st;
    }
    *out = v;
    return SLUICE_OK;
}

sluice_status sluice_virtual_trace_create(const sluice_trace *trace,
                                          const sluice_allocator *allocator,
                                          sluice_virtual_trace **out,
                                          sluice_diag *why)
{
    struct sl_index measured;
    sluice_status st = sl_index_init(&measured, trace, allocator, why);
    if (st)
        return st;
    st = create(&measured, out, why);
    sl_index_fini(&measured);
    return st;
}

void sluice_virtual_trace_destroy(sluice_virtual_trace *trace)
{
    if (!trace)
        return;
    const sluice_allocator *allocator = trace->allocator;
    size_t k = (size_t)trace->trace.n_devices;
    sl_free(allocator, trace->all, trace->n_all, sizeof *trace->all);
    sl_free(allocator, trace->events, k, sizeof *trace->events);
    sl_free(allocator, trace->n_events, k, sizeof *trace->n_events);
    sl_free(allocator, trace, 1, sizeof *trace);
}

const sluice_trace *sluice_virtual_trace_get(const sluice_virtual_trace *trace)
{
    return &trace->trace;
}
