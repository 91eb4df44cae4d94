/* One device's event buffer. */
#include "trace/recorder.h"

#include <assert.h>

#include "base/memory.h"

sluice_status sl_recorder_init(struct sl_recorder *recorder, int capacity,
                               const sluice_allocator *allocator)
{
    *recorder = (struct sl_recorder){.capacity = capacity};
    if (!capacity)
        return SLUICE_OK;
    recorder->events =
        sl_alloc(allocator, (size_t)capacity, sizeof *recorder->events);
    return recorder->events ? SLUICE_OK : SLUICE_NO_MEMORY;
}

void sl_recorder_fini(struct sl_recorder *recorder,
                      const sluice_allocator *allocator)
{
    sl_free(allocator, recorder->events, (size_t)recorder->capacity,
            sizeof *recorder->events);
}

void sl_recorder_add(struct sl_recorder *recorder, sluice_trace_event event)
{
    assert(recorder->n < recorder->capacity);
    recorder->events[recorder->n++] = event;
}
