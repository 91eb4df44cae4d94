/*
 * What a training does, as it runs, on a terminal: where the epoch is, the loss
 * of the last steps, and how busy each device is.
 *
 *     epoch 2/10 [##########..........]  50 %   loss 0.6931   81234 rows/s
 *     loss   2.30 |@@%%##**+++===------:::::......| 0.69
 *     device 0    |########################......|  81.2 % busy
 *     device 1    |######################........|  74.0 % busy
 *
 * Threads: the main thread.
 */
#ifndef BENCH_TRAIN_TOLD_LIVE_VIEW_H
#define BENCH_TRAIN_TOLD_LIVE_VIEW_H

#include <stdint.h>
#include <stdio.h>

#include <sluice/train.h>

#include "bench/output/describe.h"

enum { LIVE_COLUMNS = 50 }; /* of a bar, and losses that are shown */

struct live_view {
    FILE *out;            /* NULL: nothing is drawn */
    int n_lines;          /* that stand on the terminal, to be overwritten */
    int64_t drawn_ns;     /* when, of the monotonic clock */
    struct time_sum time; /* of the steps since */
    int n_losses;
    double losses[LIVE_COLUMNS]; /* of the last steps, the oldest first */
};

/* A step has been made: draw it, unless it is less than a tenth of a second
 * since the last one was drawn. */
void live_view_step(struct live_view *view, const sluice_progress *progress,
                    const sluice_pipeline *pipe);

/* Take the picture away, before other output. */
void live_view_erase(struct live_view *view);

#endif
