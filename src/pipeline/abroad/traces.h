/*
 * The traces of the devices of all processes, brought together.
 *
 * Threads: the caller's, between jobs.
 */
#ifndef SL_PIPELINE_ABROAD_TRACES_H
#define SL_PIPELINE_ABROAD_TRACES_H

#include "pipeline/pipeline.h"

struct sl_gathered_trace {
    int n_devices;   /* const after create: of all processes */
    int n_processes; /* const after create */
    int capacity;    /* const after create: of a device */
    int *n_events;   /* [n_devices] */
    const sluice_trace_event **events; /* [n_devices] const after create */
    sluice_trace_event *storage;       /* [n_devices][capacity] */
    int64_t *offsets;                  /* [n_processes] to clock of process 0 */
    int64_t error_ns;                  /* of these */
    int64_t aligned_ns; /* when they were found, by process 0; 0: never */
};

/* Free it; NULL is allowed. */
void sl_gathered_trace_destroy(struct sl_gathered_trace *gathered,
                               const sluice_allocator *allocator);

#endif
