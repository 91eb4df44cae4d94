/*
 * When an action's work begins and ends, on the wall clock and on the device's
 * virtual one.  The clocks are only read in a job that is recorded, and by
 * devices that are slowed.
 *
 * Threads: the device.
 */
#ifndef SL_PIPELINE_CLOCKS_H
#define SL_PIPELINE_CLOCKS_H

#include "base/clock.h"
#include "pipeline/pipeline.h"

/* Find out what of the job under way is looked at; it has just begun. */
void sl_set_clocks(struct sl_device *device);

/* Begin and end work of a job that is timed. */
void sl_start_clocks(struct sl_device *device);
void sl_stop_clocks(struct sl_device *device);

/*
 * Begin and end the part of the device's event that is work, on the wall clock
 * and on the virtual one.  What lies between device->arrived_ns and its begin
 * was waiting.  The end of a slowed device's work is put off: by its CPU time,
 * and what its layers slept, times 1/speed - 1.
 */
static inline void sl_begin_work(struct sl_device *device)
{
    if (device->timed)
        sl_start_clocks(device);
}

static inline void sl_end_work(struct sl_device *device)
{
    if (device->timed)
        sl_stop_clocks(device);
}

/* Within work, the wait for the device's team is none.  Returns  when it began:
 * sl_resume_work() is given it. */
int64_t sl_pause_work(struct sl_device *device);
void sl_resume_work(struct sl_device *device, int64_t paused_ns);

/* The wall clock if the job is recorded, else 0. */
static inline int64_t sl_wall_ns(const struct sl_device *device)
{
    return device->records ? sl_now_ns() : 0;
}

#endif
