/*
 * Whether several processes have opened the same data: each reads its files
 * itself.
 *
 * Threads: the main thread.
 */
#ifndef BENCH_TRAIN_DATA_SAME_DATA_H
#define BENCH_TRAIN_DATA_SAME_DATA_H

#include <sluice/world.h>

#include "bench/train/data/training_data.h"

/*
 * Compare rows, features and normalization with those of process 0.  All
 * processes call it; alone (NULL) nothing is compared.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID naming a process that has other data; as
 *          sluice_world_agree().
 */
sluice_status same_data_check(sluice_world *world, const struct source *source,
                              sluice_diag *why);

#endif
