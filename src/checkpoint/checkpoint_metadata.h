/*
 * What stands in a checkpoint beside the tensors: the format, the numbers of
 * the training, and what the bits depend on.
 *
 * Threads: the one that owns the pipeline, between steps.
 */
#ifndef SL_CHECKPOINT_CHECKPOINT_METADATA_H
#define SL_CHECKPOINT_CHECKPOINT_METADATA_H

#include "checkpoint/facts.h"
#include "checkpoint/run_state.h"

enum {
    SL_N_FIXED_PAIRS = 3, /* the same in all checkpoints */
    SL_N_CHECKPOINT_PAIRS = SL_N_FIXED_PAIRS + SL_N_RUN_NUMBERS + SL_N_FACTS,
};

/* The pairs, with room for all values. */
struct sl_checkpoint_metadata {
    struct sl_metadata_pair pairs[SL_N_CHECKPOINT_PAIRS];
    struct sl_run_text numbers[SL_N_RUN_NUMBERS];
    char facts[SL_N_FACTS][SL_FACT_ROOM];
};

/* Fill in the pairs, some of whose values lie in the pipeline and the run.
 * Returns how many there are. */
size_t sl_checkpoint_metadata_fill(struct sl_checkpoint_metadata *metadata,
                                   const struct sl_subject *about);

/* The second part of `run`, from the numbers. */
void sl_checkpoint_take_state(sluice_run *run,
                              const struct sl_run_state *state);

#endif
