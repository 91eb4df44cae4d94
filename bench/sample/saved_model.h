/* A model from a file of trained parameters, ready for inference. */
#ifndef BENCH_SAMPLE_SAVED_MODEL_H
#define BENCH_SAMPLE_SAVED_MODEL_H

#include <stdbool.h>

#include <sluice/checkpoint.h>
#include <sluice/dataset.h>
#include <sluice/loss.h>
#include <sluice/pipeline.h>
#include <sluice/status.h>
#include <sluice/world.h>

/* The file, and what it need not tell itself. */
struct saved_source {
    const char *load;
    const char *model; /* its text; NULL: the file tells it */
    int layout;        /* a sluice_weights_layout */
};

struct saved_config {
    const struct saved_source *source;
    const sluice_shape *input; /* of a row; NULL: the model's text says it */
    int64_t batch;
    const sluice_loss_choice *loss; /* NULL: the first for the next */
    bool labels;                    /* as sluice_loss_for() */
    sluice_world *world; /* whose processes have a device each; NULL: alone */
};

struct saved_model {
    sluice_model *model;
    sluice_pipeline *pipe;
    bool counts_correct; /* the loss does */
};

/*
 * Make the model that the file names, or the source, and load the file's
 * parameters.  Warnings and notes about it go to stderr.  In several processes
 * all call it.
 *
 * Returns  SLUICE_OK, or why there is none; then nothing is open.
 */
sluice_status saved_model_open(struct saved_model *saved,
                               const struct saved_config *config,
                               sluice_diag *why);

void saved_model_close(struct saved_model *saved);

/* How the rows of a training were made. */
struct saved_rows {
    bool integers;   /* the model takes them */
    int64_t context; /* elements of a row; 0: the model leaves it to the data */
    sluice_tokenizer *tokenizer; /* NULL: they are no tokens */
    char *tokenizer_name;        /* the same */
    double mean;                 /* deviation 0: the file does not tell */
    double deviation;
};

/*
 * Read it from the file; without a tokenizer unless `of_text`.  `tokenizer` is
 * the name of another one than the file's; NULL: the file's.
 *
 * Returns  SLUICE_OK, or why it cannot be read; then nothing is open.
 */
sluice_status saved_rows_read(struct saved_rows *rows,
                              const struct saved_source *source, bool of_text,
                              const char *tokenizer, sluice_diag *why);

void saved_rows_close(struct saved_rows *rows);

#endif
