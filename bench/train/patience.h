/*
 * Early stopping: end a training whose test part has not become better for some
 * epochs, and go back to the parameters that were best.
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

#include "bench/train/keep/keeping.h"

struct patience {
    int epochs; /* without an improvement that end the training; 0: none do */
    const sluice_model *model;
    const sluice_pipeline *pipe;
    float *best;   /* best[n], the parameters that this process holds; NULL:
                      epochs is 0 */
    float *room;   /* of a parameter that it does not hold */
    bool has_best; /* then, with these figures: */
    int best_epoch;
    double loss;     /* of the test part */
    double accuracy; /* the same */
    int since;       /* epochs behind it */
};

/* Returns SLUICE_OK, SLUICE_NO_MEMORY. */
sluice_status patience_init(struct patience *patience, int epochs,
                            const sluice_model *model,
                            const sluice_pipeline *pipe, sluice_diag *why);

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
 * accuracy, then by the test loss.
 *
 * Returns  whether the training goes on.
 */
bool patience_epoch(struct patience *patience, const sluice_pipeline *pipe,
                    const sluice_progress *progress);

/*
 * Give the pipeline the best parameters, unless the last epoch was the best.
 *
 * Returns  as sluice_pipeline_set_parameter().
 */
sluice_status patience_restore(const struct patience *patience,
                               sluice_pipeline *pipe, sluice_diag *why);

#endif
