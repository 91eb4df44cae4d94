/* Where a training's rows come from. */
#ifndef BENCH_TRAIN_DATA_TRAINING_DATA_H
#define BENCH_TRAIN_DATA_TRAINING_DATA_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <sluice/dataset.h>
#include <sluice/status.h>

#include "bench/train/data/text_source.h"

struct source_config {
    const char *name; /* as sluice_dataset_open(); NULL: Fashion-MNIST, or the
                         embedded images if it is not installed */
    const char *x;    /* .npy files instead of `name`; both or none */
    const char *y;
    const char *test_x; /* the same of the test part; both or none */
    const char *test_y;
    double validation_share; /* the last rows of x and y, or the end of a text,
                                are the test part; 0: no rows, a tenth of a
                                text */
    bool raw;      /* bytes of x are taken as they are, not normalized */
    bool integers; /* int32 of x are handed to the model as they are */
    struct text_config text; /* if `name` is a text */
    double mean;             /* of bytes of x, if the deviation is not 0; else
                                they are measured */
    double deviation;
};

struct source {
    const char *name; /* "embedded" if that stepped in */
    bool stepped_in;
    bool is_text;            /* the rows are windows of one */
    bool has_images;         /* of --data: bytes, which are normalized */
    bool normalized;         /* bytes of --x, as the images of --data are */
    struct text_source text; /* of a text, unless its rows are not here */
    sluice_dataset *train;
    sluice_dataset *test; /* NULL if there is none */
};

/*
 * Open the data.
 *
 * Returns  SLUICE_OK, or why a file cannot be had.
 */
sluice_status source_open(struct source *source,
                          const struct source_config *config, sluice_diag *why);

/*
 * Fill in features, targets or both of a source that is no text, in which there
 * are none (sluice/outline.h): only their files are read.
 *
 * Returns  as source_open(); SLUICE_INVALID or SLUICE_FORMAT if the rows are
 *          others.
 */
sluice_status source_fill(struct source *source,
                          const struct source_config *config, bool features,
                          bool targets, sluice_diag *why);

void source_close(struct source *source);

/* A line or two for people. */
void source_print(const struct source *source, FILE *out);

/* Mean and deviation by which bytes were normalized; both 0 if none were. */
void source_normalization(const struct source *source, double *mean,
                          double *deviation);

/* Elements of a row of features. */
int64_t source_features(const struct source *source);

#endif
