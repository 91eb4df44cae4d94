/*
 * When an action's work begins and ends, on the wall clock and on the device's
 * virtual one.  The clocks are only read in a job that is recorded, and by
 * devices that are slowed.
 *
 * Threads: the device.
 */
#ifndef SL_PIPELINE_CLOCKS_H
#define SL_PIPELINE_CLOCKS_H

#include "pipeline/pipeline.h"

/*
 * Begin and end the part of the device's event that is work, on the wall clock
 * and on the virtual one.  What lies between device->arrived_ns and its begin
 * was waiting.  The end of a slowed device's work is put off: by its CPU time,
 * and what its layers slept, times 1/speed - 1.
 */
void sl_begin_work(struct sl_device *device);
void sl_end_work(struct sl_device *device);

/* Within work, the wait for the device's team is none.  Returns  when it began:
 * sl_resume_work() is given it. */
int64_t sl_pause_work(struct sl_device *device);
void sl_resume_work(struct sl_device *device, int64_t paused_ns);

/* Whether this job is recorded: a training step of a pipeline with trace. */
bool sl_records(const struct sl_device *device);

/* The wall clock if the job is recorded, else 0. */
int64_t sl_wall_ns(const struct sl_device *device);

#endif
