/*
 * `--roofline`: what the steps of a training took, beside the least that this
 * machine needs for one.
 *
 * Threads: the main thread.
 */
#ifndef BENCH_TRAIN_TOLD_STEP_BOUND_H
#define BENCH_TRAIN_TOLD_STEP_BOUND_H

#include <stdio.h>

#include <sluice/pipeline.h>

#include "bench/output/describe.h"
#include "bench/train/training_config.h"

struct step_bound {
    double step_ns;  /* with its update; mean of the last epoch's full batches;
                        NAN: there were none */
    double bound_ns; /* as bench/roofline/bound.h; NAN: it is not known */
};

/*
 * Whether `--roofline` can be had.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID with several processes.
 */
sluice_status step_bound_check(const struct training_config *config,
                               sluice_diag *why);

/*
 * Find both, for the pipeline that was made of `made`, and the shape that it
 * has now.  Both are NAN unless the configuration asks for them.
 *
 * Blocks  for some steps; see bound_measure().
 */
struct step_bound step_bound_find(const struct training_config *config,
                                  const sluice_model *model,
                                  const sluice_pipeline_config *made,
                                  const sluice_pipeline *pipe,
                                  const struct time_sum *time);

/* A line for people, if both are known. */
void step_bound_tell(const struct step_bound *bound, FILE *out);

#endif
