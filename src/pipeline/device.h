/*
 * A device: the thread that runs one partition.  It waits for jobs; a job walks
 * the device's program action by action.
 */
#ifndef SL_PIPELINE_DEVICE_H
#define SL_PIPELINE_DEVICE_H

#include "pipeline/pipeline.h"

/*
 * A thread's main function; `argument` is its struct sl_device.  Runs jobs
 * until its crew quits.
 */
void *sl_device_main(void *argument);

/*
 * The jobs.
 *
 *   settle   before the first step: clear the arena from this device's core,
 *            initialize the parameters
 *   train    the training program; if the step fails, what it began with is
 *            put back
 *   forward  the forward-only program
 *
 * Threads  the device.
 */
void sl_device_settle(struct sl_device *device);
void sl_device_train(struct sl_device *device);
void sl_device_forward(struct sl_device *device);

#endif
