/*
 * Executing a program: for each operation take, run, publish, and record.
 *
 * Threads: the device.
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

/* Events that a walk through the program can leave in the trace.  Any thread.
 */
int sl_n_events(const struct sl_program *program);

/* The stages at the other ends of the links that an operation takes from and
 * publishes to, if it does.  Any thread. */
int sl_op_source(const struct sl_op *op);
int sl_op_sink(const struct sl_op *op);

/* Whether a team works operations of the kind together.  Any thread. */
bool sl_op_by_team(enum sl_op_kind kind);

/* The word for an operation of all stages of a device.  Any thread. */
const char *sl_op_name(enum sl_op_kind kind);

#endif
