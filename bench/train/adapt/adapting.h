/*
 * Adapting a training to its devices while it runs, as `sluice train` does it
 * and tells about it.
 *
 * Threads: the main thread.
 */
#ifndef BENCH_TRAIN_ADAPT_ADAPTING_H
#define BENCH_TRAIN_ADAPT_ADAPTING_H

#include <sluice/adapt.h>
#include <sluice/train.h>

#include "bench/train/told/telling.h"
#include "bench/train/training_config.h"

struct adapting {
    const struct adapt_config *config;
    sluice_adapter *adapter; /* NULL: the pipeline stays as it is */
    int64_t batch;           /* rows of the steps that are looked at */
    uint64_t first_step;     /* that the pipeline had made before */
    bool is_slowed;          /* the new speeds hold */
};

/*
 * Begin, if the config asks for it, with a pipeline that was made with
 * `pipeline`, which must outlive it.  Zeros may be ended.
 *
 * Returns  SLUICE_OK; as sluice_adapter_create().
 */
sluice_status adapting_begin(struct adapting *adapting,
                             const struct training_config *config,
                             const sluice_model *model,
                             const sluice_pipeline_config *pipeline,
                             const sluice_pipeline *pipe, sluice_diag *why);

/*
 * A step was made, or an epoch has ended: perhaps reshape the pipeline, and
 * tell what was seen and done.  What the last step left in the pipeline, its
 * trace, is gone then.  The last step of an epoch is not looked at.
 */
void adapting_progress(struct adapting *adapting, sluice_pipeline *pipe,
                       const sluice_progress *progress,
                       struct telling *telling);

void adapting_end(struct adapting *adapting);

#endif
