/*
 * The data of a training in several processes: process 0 opens and checks them,
 * and the others get to know what they are.  Once it is known which process
 * needs which rows, each of them reads those, and process 0 frees the others.
 *
 * Threads: the main thread.
 */
#ifndef BENCH_TRAIN_DATA_SHARED_SOURCE_H
#define BENCH_TRAIN_DATA_SHARED_SOURCE_H

#include <sluice/pipeline.h>
#include <sluice/world.h>

#include "bench/train/data/training_data.h"

/*
 * Make the source of all processes but 0, without rows, of what process 0 has
 * opened.  All call it; without a world nothing is done.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY; as sluice_world_agree().
 */
sluice_status shared_source_tell(struct source *source, sluice_world *world,
                                 sluice_diag *why);

/*
 * Have the rows that the pipeline reads in this process, and no others; or, if
 * it may be reshaped, all.  Process 0 checks all rows before, as sluice_train()
 * does.
 *
 * Returns  SLUICE_OK; as source_open(); as sluice_train_check(); SLUICE_INVALID
 *          if this process has other files than process 0.
 */
sluice_status shared_source_read(struct source *source,
                                 const struct source_config *config,
                                 const sluice_pipeline *pipe, bool reshapes,
                                 sluice_world *world, sluice_diag *why);

#endif
