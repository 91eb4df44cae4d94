/*
 * Early stopping: end a training whose test part has not become better for some
 * epochs, and go back to the parameters that were best.
 *
 * A process keeps those that it holds when an epoch was the best.  If all have
 * reshaped since, they give each other, one at a time, what they hold then.
 *
 * Threads: the main thread.
 */
#ifndef BENCH_TRAIN_PATIENCE_H
#define BENCH_TRAIN_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/model.h>
#include <sluice/pipeline.h>
#include <sluice/train.h>
#include <sluice/world.h>

#include "bench/train/keep/keeping.h"

struct patience {
    int epochs; /* without an improvement that end the training; 0: none do */
    const sluice_model *model;
    const sluice_pipeline *pipe;
    sluice_world *world; /* NULL: one process */
    size_t n_parameters; /* of the model */
    float *best;         /* those that this process kept, one behind the other;
                            NULL: epochs is 0 */
    uint64_t n_reshapes; /* of the pipeline, when there was room for them */
    bool *kept;          /* [n_parameters] which ones */
    bool *others;        /* [n_parameters] room for the same of a process */
    int *keepers;        /* [n_parameters] room for a process that has each */
    float *room;         /* of the largest parameter */
    sluice_diag failure; /* why the best ones could not be kept */
    bool has_best;       /* then, with these figures: */
    int best_epoch;
    double loss;     /* of the test part */
    double accuracy; /* the same */
    int since;       /* epochs behind it */
};

/* Returns SLUICE_OK, SLUICE_NO_MEMORY. */
sluice_status patience_init(struct patience *patience, int epochs,
                            const sluice_model *model,
                            const sluice_pipeline *pipe, sluice_world *world,
                            sluice_diag *why);

/* Zeros are allowed. */
void patience_fini(struct patience *patience);

/* What an earlier run of the training has left. */
struct patience_past {
    const char *path; /* a checkpoint of the best epoch */
    int best_epoch;
    int epochs_done;
    double loss; /* of the test part, behind the best epoch */
    double accuracy;
};

/*
 * Go on from there: with the best parameters, and the epochs behind them
 * counted.
 *
 * Returns  SLUICE_OK; what sluice_safetensors_open() and
 *          sluice_safetensors_read() return.
 */
sluice_status patience_resume(struct patience *patience,
                              const struct patience_past *past,
                              sluice_diag *why);

/* The same from what was kept of that run; nothing if that has no best one. */
sluice_status patience_resume_kept(struct patience *patience,
                                   const struct keeping *keeping,
                                   sluice_diag *why);

/* Whether enough epochs without a better one are behind the training. */
bool patience_is_over(const struct patience *patience);

/*
 * An epoch has ended: keep its parameters if it is the best one, by the test
 * accuracy, then by the test loss.  All processes call it.
 *
 * Returns  whether the training goes on; not without memory for them, which
 *          patience_restore() then tells.
 */
bool patience_epoch(struct patience *patience, const sluice_pipeline *pipe,
                    const sluice_progress *progress);

/*
 * Give the pipeline the best parameters, unless the last epoch was the best.
 * All processes call it.
 *
 * Returns  as sluice_pipeline_set_parameter(); SLUICE_NO_MEMORY if they could
 *          not be kept; why a process is gone.
 */
sluice_status patience_restore(const struct patience *patience,
                               sluice_pipeline *pipe, sluice_diag *why);

#endif
