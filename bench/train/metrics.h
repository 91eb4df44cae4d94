/*
 * Metrics as JSON lines.  Each line is an object whose "kind" is "run" (the
 * first: all the context), "step", "epoch", "checkpoint" or "end".
 */
#ifndef BENCH_TRAIN_METRICS_H
#define BENCH_TRAIN_METRICS_H

#include <stdbool.h>
#include <stdio.h>

#include <sluice/loss.h>
#include <sluice/model.h>
#include <sluice/saver.h>
#include <sluice/status.h>
#include <sluice/train.h>

#include "bench/output/environment.h"
#include "bench/train/data/training_data.h"
#include "bench/train/told/step_bound.h"
#include "bench/train/training_config.h"

struct metrics {
    FILE *file; /* NULL: nothing is written */
    bool tests; /* there is a test part */
};

/* What the config left open. */
struct metrics_context {
    const struct environment *env;
    const struct source *source;
    const char *text; /* of the model, as it was given */
    const sluice_model *model;
    const sluice_loss_choice *loss;
    const char *gemm; /* as sluice_pipeline_gemm() */
};

/*
 * Create the file if the config names one; if the training goes on, write
 * behind what is there: a "run" line begins anew, and steps since the
 * checkpoint are told again.
 *
 * Returns  SLUICE_OK, SLUICE_IO.
 */
sluice_status metrics_open(struct metrics *metrics,
                           const struct training_config *config, bool goes_on,
                           sluice_diag *why);

/* The first line. */
void metrics_run(struct metrics *metrics, const struct training_config *config,
                 const struct metrics_context *context);

/* Returns false if the line could not be written: metrics_close() tells.
 * `gradient_norm` NaN: it is not known. */
bool metrics_progress(struct metrics *metrics, const sluice_progress *progress,
                      double gradient_norm);

/* A checkpoint was written: what that has cost the training, and the thread
 * beside it. */
void metrics_saved(struct metrics *metrics, const sluice_saving *saving);

/* The last line: the bubble, measured and by order_bubble(); and the step with
 * its bound, where these are known. */
void metrics_end(struct metrics *metrics, double measured, double formula,
                 const struct step_bound *bound);

/*
 * Close the file.
 *
 * Returns  SLUICE_OK; SLUICE_IO if anything could not be written.
 */
sluice_status metrics_close(struct metrics *metrics, sluice_diag *why);

#endif
