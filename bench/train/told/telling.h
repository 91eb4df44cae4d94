/*
 * What `sluice train` tells about its steps and epochs: a table on `out`, on a
 * terminal a line or a picture that moves, and warnings.
 *
 * Threads: the main thread.
 */
#ifndef BENCH_TRAIN_TOLD_TELLING_H
#define BENCH_TRAIN_TOLD_TELLING_H

#include <stdbool.h>
#include <stdio.h>

#include <sluice/train.h>

#include "bench/train/told/live_view.h"

struct telling {
    FILE *out;             /* NULL: quiet */
    bool tests;            /* there is a test part */
    bool counts_correct;   /* the loss does; else there is no accuracy */
    bool shows_progress;   /* a line: stderr is a terminal */
    struct live_view view; /* instead of it, if that is wanted */
    int shown_per_cent;    /* of the epoch, last */
    bool told_not_finite;  /* a loss was not finite, which is told once */
    bool made_steps;       /* any: there may have been nothing left to do */
};

/* Begin; a view needs a terminal as standard error. */
void telling_begin(struct telling *telling, FILE *out, bool watches);

/* The head of the table. */
void telling_head(const struct telling *telling);

/* A step has been made, or an epoch has ended. */
void telling_progress(struct telling *telling, const sluice_progress *progress,
                      const sluice_pipeline *pipe);

/* The epoch that was the best. */
void telling_best(const struct telling *telling, int epoch, double loss,
                  double accuracy);

/* The training has ended: if it made no step since what it goes on from was as
 * far as it was to go, say so; `epoch` is where the next step would be. */
void telling_end(const struct telling *telling, int epoch, int epochs);

/* Take away what moves, before other output. */
void telling_erase(struct telling *telling);

#endif
