/* The parts of a step.  Any thread. */
#include "bench/measure/step_parts.h"

#include <stdlib.h>

const char *const part_names[N_PARTS] = {
    [PART_FORWARD] = "forward_ns",     [PART_BACKWARD] = "backward_ns",
    [PART_RECOMPUTE] = "recompute_ns", [PART_COMMUNICATION] = "reduce_ns",
    [PART_UPDATE] = "update_ns",       [PART_IDLE] = "idle_ns",
};

static const enum part part_of[] = {
    [SLUICE_F] = PART_FORWARD,
    [SLUICE_B] = PART_BACKWARD,
    [SLUICE_I] = PART_BACKWARD,
    [SLUICE_W] = PART_BACKWARD,
    [SLUICE_R] = PART_RECOMPUTE,
    [SLUICE_S] = PART_FORWARD,
    [SLUICE_T] = PART_BACKWARD,
    [SLUICE_UPDATE] = PART_UPDATE,
    [SLUICE_SEND_F] = PART_COMMUNICATION,
    [SLUICE_RECV_F] = PART_COMMUNICATION,
    [SLUICE_SEND_B] = PART_COMMUNICATION,
    [SLUICE_RECV_B] = PART_COMMUNICATION,
    [SLUICE_REDUCE_GRAD] = PART_COMMUNICATION,
    [SLUICE_UNSHARD] = PART_COMMUNICATION,
    [SLUICE_RESHARD] = PART_COMMUNICATION,
};

void parts_of(const sluice_trace *trace, double parts[N_PARTS])
{
    for (int p = 0; p < N_PARTS; p++)
        parts[p] = 0;
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++) {
            const sluice_trace_event *e = &trace->events[d][i];
            parts[part_of[e->action.kind]] += (double)(e->end_ns - e->start_ns);
        }
    parts[PART_IDLE] = (double)(trace->end_ns - trace->start_ns);
    for (int p = 0; p < PART_IDLE; p++) {
        parts[p] /= trace->n_devices;
        parts[PART_IDLE] -= parts[p];
    }
}

/* Every event of the trace needs a place. */
static sluice_status grow(struct virtual_clock *clock,
                          const sluice_trace *trace, sluice_diag *why)
{
    size_t n = 0;
    for (int d = 0; d < trace->n_devices; d++)
        n += (size_t)trace->n_events[d];
    if (n <= clock->n)
        return SLUICE_OK;
    free(clock->storage);
    clock->storage = calloc(n, sizeof *clock->storage);
    clock->n = clock->storage ? n : 0;
    if (clock->storage)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory for a trace of %zu events", n);
}

sluice_status virtual_clock_read(struct virtual_clock *clock,
                                 const sluice_trace *trace, sluice_trace *out,
                                 sluice_diag *why)
{
    sluice_status st = grow(clock, trace, why);
    if (!st)
        sluice_trace_virtual(trace, clock->storage, clock->events, out);
    return st;
}

void virtual_clock_fini(struct virtual_clock *clock)
{
    free(clock->storage);
    *clock = (struct virtual_clock){0};
}
