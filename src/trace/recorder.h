/*
 * One device's event buffer.  It is allocated for the longest program when the
 * pipeline is created; recording writes one entry and never allocates.
 *
 * Threads: the device records; the caller of the step reads when all devices
 * are done.
 */
#ifndef SL_TRACE_RECORDER_H
#define SL_TRACE_RECORDER_H

#include <sluice/memory.h>
#include <sluice/status.h>
#include <sluice/trace.h>

struct sl_recorder {
    sluice_trace_event *events; /* NULL: recording is off */
    int capacity;               /* const after init */
    int n;                      /* [owner: device] */
};

/*
 * Allocate room for `capacity` events; 0 leaves recording off.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_recorder_init(struct sl_recorder *recorder, int capacity,
                               const sluice_allocator *allocator);

void sl_recorder_fini(struct sl_recorder *recorder,
                      const sluice_allocator *allocator);

/* Append an event; there is room for all of a program's. */
void sl_recorder_add(struct sl_recorder *recorder, sluice_trace_event event);

#endif
