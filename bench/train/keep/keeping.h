/*
 * What a training leaves on disk so that it can go on: a checkpoint every so
 * often, the last few and the best of them.  They are written beside training
 * (<sluice/saver.h>); if it is time for the next one and the one before is
 * still being written, the training waits for that.
 *
 * Threads: the main thread.
 */
#ifndef BENCH_TRAIN_KEEP_KEEPING_H
#define BENCH_TRAIN_KEEP_KEEPING_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include <sluice/saver.h>
#include <sluice/train.h>

#include "bench/train/training_config.h"

/* A checkpoint was written, at this cost. */
typedef void keeping_on_saved(void *context, const sluice_saving *saving);

struct keeping {
    const struct keeping_config *config;
    sluice_pipeline *pipe;
    sluice_world *world; /* NULL: this process is alone; else process 0 decides
                            what is saved when, and all do it together */
    sluice_run run;      /* as the training stands */
    double mean;         /* of the rows, as sluice_preparation has them */
    double deviation;
    uint64_t saved_step;   /* of the newest checkpoint, if `has_saved` */
    bool has_saved;        /* in this process */
    bool is_pending;       /* something has changed since */
    int64_t saved_ns;      /* when, of the monotonic clock */
    bool has_best;         /* there is a best one, with these figures: */
    double best_loss;      /* of the test rows */
    double best_accuracy;  /* the same */
    int best_epoch;        /* of the one that was there in the beginning */
    char newest[PATH_MAX]; /* the path of the newest; "": none */

    sluice_saver *saver;  /* NULL: there is no directory */
    bool is_saving;       /* a save was started that was not taken note of: */
    uint64_t saving_step; /* at this step, */
    bool saves_step;      /* of its checkpoint, */
    bool saves_best;      /* of the best one, */
    double saving_loss;   /* with these figures of the test rows */
    double saving_accuracy;
    keeping_on_saved *on_saved; /* NULL: it is not told */
    void *context;
};

/*
 * Begin: make the directory, and go on from its newest checkpoint if that is
 * wanted.  One that is damaged is told on stderr, and the one before it is
 * taken.  `run` tells what the training is; keeping->run.position is where it
 * then goes on.  Without a directory nothing is done here or below.
 *
 * In several processes all call it; what fails in one of them fails in all.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if there are checkpoints that were not
 *          asked for to go on from; or what sluice_checkpoint_load() and
 *          sluice_saver_create() return.
 */
sluice_status keeping_begin(struct keeping *keeping,
                            const struct keeping_config *config,
                            sluice_pipeline *pipe, sluice_world *world,
                            const sluice_run *run, sluice_diag *why);

/*
 * The training has made a step, or ended an epoch: save if it is time.  What
 * fails is told on stderr, here or at a later step; the training goes on, and
 * the next time it is tried again.
 */
void keeping_progress(struct keeping *keeping, const sluice_progress *progress,
                      bool tests);

/* Wait until the checkpoint under way is written; what fails is told on
 * stderr. */
void keeping_settle(struct keeping *keeping);

/* The training has ended: save a checkpoint of what is not saved.  Returns
 * SLUICE_OK; what the save returned. */
sluice_status keeping_end_checkpoints(struct keeping *keeping,
                                      sluice_diag *why);

/*
 * The training has ended: save what is not saved, and the weights.
 *
 * Returns  SLUICE_OK; what the last save returned.
 */
sluice_status keeping_end(struct keeping *keeping, sluice_diag *why);

/* Whether what was saved last had reached this test accuracy; 0: none. */
bool keeping_has_reached(const struct keeping *keeping, double target_accuracy);

/* Say on stderr where a training stands that `signal` has ended, and what was
 * saved of it. */
void keeping_tell_stop(const struct keeping *keeping, const char *signal);

/* As keeping_settle(), and free what is held. */
void keeping_fini(struct keeping *keeping);

#endif
