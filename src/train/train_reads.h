/*
 * What a process reads of the rows of a training.
 *
 * Threads: the caller's of sluice_train().
 */
#ifndef SL_TRAIN_TRAIN_READS_H
#define SL_TRAIN_TRAIN_READS_H

#include <stdbool.h>

#include <sluice/train.h>

struct sl_train_reads {
    bool x;
    bool targets;
};

/*
 * What this process reads in the shape that the pipeline has.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if a data set is without it.
 */
sluice_status sl_train_reads_find(const sluice_pipeline *pipe,
                                  const sluice_train_config *config,
                                  struct sl_train_reads *reads,
                                  sluice_diag *why);

#endif
