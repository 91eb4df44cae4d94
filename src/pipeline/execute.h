/*
 * Executing a program: for each action take, compute, give, and record.
 *
 * Threads: the device, unless said otherwise.
 */
#ifndef SL_PIPELINE_EXECUTE_H
#define SL_PIPELINE_EXECUTE_H

#include "pipeline/pipeline.h"

/*
 * Walk a program to its end, or until the step stops.
 *
 * Returns  SLUICE_OK; anything else says that the step has failed: the error
 *          is latched already, here or elsewhere.
 */
sluice_status sl_walk(struct sl_device *device,
                      const struct sl_program *program);

/*
 * Begin and end the part of an event that is work, on the wall clock and on
 * the virtual one.  `arrived` is when the device began to wait for it.
 */
void sl_begin_work(struct sl_device *device, sluice_trace_event *event,
                   int64_t arrived);
void sl_end_work(struct sl_device *device, sluice_trace_event *event);

/* Whether this job is recorded: a training step of a pipeline with trace. */
bool sl_records(const struct sl_device *device);

/* The wall clock if the job is recorded, else 0. */
int64_t sl_wall_ns(const struct sl_device *device);

/* Close all queues and wake all devices: the job has failed.  Any thread;
 * `context` is the pipeline. */
void sl_stop_all(void *context);

#endif
