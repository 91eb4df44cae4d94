/*
 * `--trace`: a picture of the last step of a training.
 *
 * Threads: the main thread.
 */
#ifndef BENCH_TRAIN_TOLD_STEP_PICTURE_H
#define BENCH_TRAIN_TOLD_STEP_PICTURE_H

#include <stdbool.h>

#include <sluice/pipeline.h>

/*
 * Draw it, if this process is the one that `writes`; all processes call it.
 *
 * Returns  as sluice_pipeline_trace_all() and picture_write().
 */
sluice_status step_picture_draw(sluice_pipeline *pipe, bool writes,
                                const char *path, sluice_diag *why);

#endif
