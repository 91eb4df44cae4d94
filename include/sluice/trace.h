/*
 * What each device did, and when.  A trace is read from a pipeline after a
 * step; it belongs to the pipeline and is overwritten by the next step.
 *
 * Times are nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef SLUICE_TRACE_H
#define SLUICE_TRACE_H

#include <stdint.h>

#include <sluice/export.h>
#include <sluice/schedule.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_trace_event {
    sluice_action action;
    int64_t input_wait_ns;    /* waited for input, just before start_ns; of the
                                 first UPDATE after the commit: for that */
    int64_t start_ns;         /* inputs are there, computing begins */
    int64_t end_ns;           /* computing ended */
    int64_t output_wait_ns;   /* waited for room in the neighbour's queue, just
                                 after end_ns; of an UPDATE, for the commit */
    int64_t cpu_ns;           /* CPU time of the thread from start to end, and
                                 what layers spent off the core on purpose;
                                 without that of team_wait_ns */
    int64_t team_wait_ns;     /* waited, between start and end, for the other
                                 devices of its team */
    int64_t virtual_start_ns; /* start_ns on the virtual clock: as if each
                                 device had a core to itself.  It starts at 0;
                                 an action starts when its device is free and
                                 its inputs are ready, and takes its CPU time */
    int64_t virtual_end_ns;
    int64_t virtual_output_wait_ns;
    int32_t staleness; /* of an UPDATE, see schedule.h: 0 in a synchronous
                          schedule.  Its action has the version that it made */
} sluice_trace_event;

typedef struct sluice_trace {
    int n_devices;                           /* of all replicas, by index */
    const int *n_events;                     /* [n_devices] */
    const sluice_trace_event *const *events; /* [n_devices][n_events], in order
                                                of start_ns */
    int64_t start_ns;                        /* when the step was called */
    int64_t end_ns;                          /* when every device was done */
    int n_replicas; /* the trace lists n_devices / n_replicas devices of replica
                       0, then those of replica 1, ...  All replicas have the
                       same stages, and each numbers its micro-batches from 0.
                       0 means 1 */
    int64_t clock_error_ns; /* of devices in several processes: how far times of
                               two processes may be wrong to each other, half of
                               the shortest message to and fro; else 0 */
    int n_shards; /* devices of a team, which follow each other and make the
                     same actions together; 0 means 1 */
} sluice_trace;

/*
 * Make the same trace on the virtual clock: as if each device had a core to
 * itself.  The times of `virtual_trace` start at 0, at the start of the step.
 *
 * Shapes   storage[sum of n_events] and events[n_devices] are filled;
 *          `virtual_trace` points to them and to trace->n_events.
 * Threads  any, while no step runs.
 */
SLUICE_API void sluice_trace_virtual(const sluice_trace *trace,
                                     sluice_trace_event *storage,
                                     const sluice_trace_event **events,
                                     sluice_trace *virtual_trace);

/*
 * Where the time of one device, or of all devices, went.  The window runs from
 * the first start to the last end of an F, B, I, W or R of any device; its
 * length is `makespan_ns`.  What lies before and after it, such as the updates
 * of a synchronous schedule, is not counted.
 *
 *     busy + wait + other = makespan                  (one device)
 *                         = n_devices * makespan      (all devices)
 */
typedef struct sluice_time_share {
    int64_t makespan_ns;
    int64_t span_ns;  /* from the device's own first start to its own last end;
                         of all devices: the longest.  If steps follow each
                         other without a barrier, a step takes as long as that,
                         and 1 - busy_ns / (n_devices * span_ns) is the bubble
                         rate of Qi et al. (2023) */
    int64_t busy_ns;  /* computing F, B, I, W, R */
    int64_t wait_ns;  /* in queues, within the window, and for the team */
    int64_t other_ns; /* the rest of the window: before the device's first and
                         after its last action, updates, hand-over */
    double busy;      /* busy_ns as a share, 0 to 1 */
    double wait;
    double bubble; /* 1 - busy */
} sluice_time_share;

/*
 * Account for a trace.
 *
 * Shapes   devices[trace->n_devices] (may be NULL), *all.
 * Threads  any, while no step runs.
 */
SLUICE_API void sluice_trace_account(const sluice_trace *trace,
                                     sluice_time_share *devices,
                                     sluice_time_share *all);

#ifdef __cplusplus
}
#endif

#endif
