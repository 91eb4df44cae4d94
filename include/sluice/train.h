/*
 * Training over epochs: shuffle, step, evaluate, report.
 */
#ifndef SLUICE_TRAIN_H
#define SLUICE_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/augment.h>
#include <sluice/dataset.h>
#include <sluice/export.h>
#include <sluice/pipeline.h>
#include <sluice/rate.h>
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
    int staleness;     /* the largest of the last step's UPDATEs, see
                          schedule.h; 0 in a synchronous schedule */
    double step_loss;  /* mean over the terms of the last step */
    double loss;       /* mean over the terms of this epoch so far */
    double accuracy;   /* share of correct terms of this epoch so far, rows or
                          positions of rows; 0 if the loss does not count them
                        */
    double rows_per_s; /* of this epoch so far, without evaluation */
    double test_loss;  /* at the end of an epoch with a test set */
    double test_accuracy;
    sluice_position position; /* where the training stands: saved with the
                                 pipeline as it is now, and given as `start`,
                                 it goes on from here */
} sluice_progress;

/* Return false to end training after this step, without an error. */
typedef bool sluice_on_progress(void *context, const sluice_progress *progress);

typedef struct sluice_train_config {
    int epochs;             /* at most; must be given */
    int64_t batch;          /* at most the pipeline's; must be given */
    double target_accuracy; /* stop once the test accuracy reaches it; 0: no;
                               needs test data and a loss that counts */
    const sluice_rate_ops *rate; /* NULL: the learning rate stays */
    const void *rate_config;
    bool in_order;               /* do not shuffle */
    uint64_t seed;               /* of the shuffling, and of the next */
    sluice_augmentation augment; /* of the training data's images; zero: none */
    sluice_position start; /* go on from here; zero: the first row.  Behind
                              the last epoch there is nothing to do */
    const sluice_dataset *train;     /* must be given */
    const sluice_dataset *test;      /* NULL: no evaluation */
    sluice_on_progress *on_progress; /* NULL: none */
    void *context;
    const sluice_allocator *allocator; /* NULL: malloc */
} sluice_train_config;

/*
 * Whether the rows of a data set can be trained on, or evaluated, as
 * sluice_train() checks them before its first step.  `part` is what a sentence
 * calls them: "test".
 *
 * Threads  any, while no step is under way.
 * Returns  SLUICE_OK; SLUICE_INVALID; SLUICE_NOT_FINITE.
 */
SLUICE_API sluice_status sluice_train_check(const sluice_pipeline *pipe,
                                            const sluice_dataset *data,
                                            const char *part, sluice_diag *why);

/*
 * Train.  If the last batch of an epoch is not full, its step has the rows that
 * are left, so that each epoch uses each row exactly once.
 *
 * Before the first step, the targets are checked against the loss: their type
 * and size, and the range of labels.  Unless the pipeline's `finite` is
 * SLUICE_FINITE_OFF, all values are checked for NaN and infinity.  An error
 * names the row by its place in the data set, which is its place in the file.
 * Rows that are left out (outline.h) are not checked, and need not be there in
 * a process that does not read them (sluice_pipeline_reads()).
 *
 * With a `rate` each step's learning rate is the pipeline's, times the rule's
 * factor at that step of a training of all epochs, `start` included; in
 * on_progress, and so in a checkpoint, the pipeline has its own rate.
 *
 * on_progress may reshape the pipeline (reshape.h); in several processes each
 * must have the rows that the new shape reads there, or the training ends.
 *
 * To end the training early, return false from on_progress; in several
 * processes (world.h) in all of them.
 * sluice_pipeline_cancel() only ends a step; between two steps it does nothing,
 * but sluice_pipeline_set_cancelled() ends the next one, with SLUICE_CANCELLED.
 * A thread that is cancelled by pthread_cancel() completes the training first.
 *
 * Threads  the caller's; as sluice_pipeline_step().
 * Returns  SLUICE_OK, with the last epoch's progress in `last` (may be NULL);
 *          SLUICE_INVALID for a number or `start` out of range, or if data,
 *          targets and pipeline do not fit each other; unless `finite` is
 *          SLUICE_FINITE_OFF, SLUICE_NOT_FINITE with the row if the data have a
 *          NaN or infinity, or with epoch and step if a loss is one;
 *          SLUICE_NO_MEMORY; or the error of a step.
 */
SLUICE_API sluice_status sluice_train(sluice_pipeline *pipe,
                                      const sluice_train_config *config,
                                      sluice_progress *last, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
