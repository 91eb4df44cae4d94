/* A trace on the virtual clock.  Any thread. */
#include <sluice/trace.h>

#include "base/clock.h"

static sluice_trace_event on_virtual_clock(const sluice_trace_event *event,
                                           int64_t arrived)
{
    sluice_trace_event e = *event;
    e.start_ns = event->virtual_start_ns;
    e.end_ns = event->virtual_end_ns;
    int64_t taken_ns = sl_sub_ns(e.end_ns, e.start_ns);
    if (event->team_wait_ns > 0) /* it left meetings at the latest time */
        e.team_wait_ns = sl_sub_ns(taken_ns, event->cpu_ns);
    else
        e.cpu_ns = taken_ns;
    e.input_wait_ns = sl_sub_ns(event->virtual_start_ns, arrived);
    e.output_wait_ns = event->virtual_output_wait_ns;
    return e;
}

void sluice_trace_virtual(const sluice_trace *trace,
                          sluice_trace_event *storage,
                          const sluice_trace_event **events,
                          sluice_trace *virtual_trace)
{
    int64_t end = 0;
    for (int d = 0; d < trace->n_devices; d++) {
        int64_t arrived = 0;
        events[d] = storage;
        for (int i = 0; i < trace->n_events[d]; i++) {
            *storage = on_virtual_clock(&trace->events[d][i], arrived);
            arrived = sl_add_ns(storage->end_ns, storage->output_wait_ns);
            storage++;
        }
        end = arrived > end ? arrived : end;
    }
    *virtual_trace = (sluice_trace){
        .n_devices = trace->n_devices,
        .n_events = trace->n_events,
        .events = events,
        .end_ns = end,
        .n_replicas = trace->n_replicas,
        .n_shards = trace->n_shards,
    };
}
