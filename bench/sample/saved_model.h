/* A model from a file of trained parameters, ready for inference. */
#ifndef BENCH_SAMPLE_SAVED_MODEL_H
#define BENCH_SAMPLE_SAVED_MODEL_H

#include <sluice/checkpoint.h>
#include <sluice/loss.h>
#include <sluice/pipeline.h>
#include <sluice/status.h>

struct saved_model {
    sluice_model *model;
    sluice_pipeline *pipe;
};

/*
 * Make the model that the file names and load its parameters.  `input` NULL:
 * the model's text says its input.  `loss` NULL: the first that takes what the
 * model puts out.
 *
 * Returns  SLUICE_OK, or why there is none; then nothing is open.
 */
sluice_status saved_model_open(struct saved_model *saved, const char *path,
                               const sluice_shape *input, int64_t batch,
                               const sluice_loss_choice *loss,
                               sluice_diag *why);

void saved_model_close(struct saved_model *saved);

#endif
