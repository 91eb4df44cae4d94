/*
 * A whole training as `sluice train` and the headline run it: data, model,
 * pipeline, epochs, and what is told about them.
 */
#ifndef BENCH_TRAIN_TRAINING_H
#define BENCH_TRAIN_TRAINING_H

#include <stdio.h>

#include <sluice/status.h>

#include "bench/output/environment.h"
#include "bench/train/training_config.h"

/*
 * Train and tell `out` about it; warnings go to stderr if the config is quiet.
 * A signal that was noted (stopping.h) ends it after the step under way, with
 * what is to be kept on disk.
 *
 * Returns  SLUICE_OK with `*accuracy`, that of the test part in the end (0 if
 *          there is none); or the first error.
 */
sluice_status training_run(const struct training_config *config,
                           const struct environment *env, FILE *out,
                           double *accuracy, sluice_diag *why);

#endif
