/*
 * Which process runs each layer of a decoder: one that has its parameters, of
 * these the one that can run the most layers from there on, so that a row
 * crosses between processes as seldom as it can; holders are tried in their
 * order.  Where no process has whole parameters (ZeRO stage 3) all take equal
 * parts of the model.
 *
 * Threads: the caller's, while no step is under way.
 */
#ifndef SL_PIPELINE_DECODE_RUNNERS_H
#define SL_PIPELINE_DECODE_RUNNERS_H

#include "pipeline/pipeline.h"

/* Find them, the same in all processes: runners[layers of the model]. */
void sl_find_runners(const sluice_pipeline *pipe, int *runners);

/* The first holder of a layer that is in a process; -1: none is. */
int sl_runner_holder(const sluice_pipeline *pipe, int process, int layer);

#endif
