/*
 * Training over epochs: shuffle, step, evaluate, report.
 */
#ifndef SLUICE_TRAIN_H
#define SLUICE_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/dataset.h>
#include <sluice/export.h>
#include <sluice/pipeline.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reported after each step and each epoch. */
typedef struct sluice_progress {
    bool epoch_end; /* else after a step */
    int epoch;      /* from 1 */
    int n_epochs;
    int64_t rows_done; /* of this epoch */
    int64_t n_rows;    /* of an epoch */
    uint64_t step;     /* steps made by the pipeline so far */
    int staleness;     /* the most of the last step's updates, see trace.h; 0
                          in a synchronous schedule */
    double step_loss;  /* mean over the rows of the last step */
    double loss;       /* mean over the rows of this epoch so far */
    double accuracy;   /* the same; 0 if the loss counts no classes */
    double rows_per_s; /* of this epoch so far, without evaluation */
    double test_loss;  /* at the end of an epoch with a test set */
    double test_accuracy;
} sluice_progress;

/* Return false to end training after this step, without an error. */
typedef bool sluice_on_progress(void *context, const sluice_progress *progress);

typedef struct sluice_train_config {
    int epochs;             /* at most; must be given */
    int64_t batch;          /* at most the pipeline's; must be given */
    double target_accuracy; /* stop once the test accuracy reaches it; 0: no;
                               needs test data and a loss that counts */
    bool in_order;          /* do not shuffle */
    uint64_t seed;          /* of the shuffling */
    const sluice_dataset *train;     /* must be given */
    const sluice_dataset *test;      /* NULL: no evaluation */
    sluice_on_progress *on_progress; /* NULL: none */
    void *context;
    const sluice_allocator *allocator; /* NULL: malloc */
} sluice_train_config;

/*
 * Train.  The last, partial batch of an epoch is a step of its own with the
 * rows there are, so each epoch sees each row exactly once.
 *
 * Before the first step, targets are checked against the loss: their type and
 * size, and labels for its range; and all values for NaN and infinity, unless
 * the pipeline's `finite` is SLUICE_FINITE_OFF.  The row that is wrong is named
 * by its place in the data set, which is that in its file.
 *
 * To end it early return false from on_progress: sluice_pipeline_cancel() ends
 * a step, and does nothing between two of them.  A thread that is cancelled by
 * pthread_cancel() ends after the training.
 *
 * Threads  the caller's; as sluice_pipeline_step().
 * Returns  SLUICE_OK, with the last epoch's progress in `last` (may be NULL);
 *          SLUICE_INVALID for a number out of range, or if data, target and
 *          pipeline do not fit each other; SLUICE_NOT_FINITE, with the row,
 *          or with epoch and step, if the data or a loss are NaN or infinite,
 *          unless `finite` is SLUICE_FINITE_OFF; SLUICE_NO_MEMORY; or the
 *          error of a step.
 */
SLUICE_API sluice_status sluice_train(sluice_pipeline *pipe,
                                      const sluice_train_config *config,
                                      sluice_progress *last, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
