/*
 * A training that stands still, told on stderr: which device, in which
 * operation and layer, what each of the others does, and what all did before.
 *
 * Threads: the main thread.
 */
#ifndef BENCH_TRAIN_STUCK_H
#define BENCH_TRAIN_STUCK_H

#include <sluice/pipeline.h>

/* A sluice_on_stuck; the context is not used. */
void stuck_tell(void *context, sluice_pipeline *pipe,
                const sluice_activity *activity, int64_t stuck_ns);

#endif
