/*
 * The norm of each step's gradient, by all parameters that are learnt.
 *
 * Threads: the main thread, between steps.
 */
#ifndef BENCH_TRAIN_GRADIENT_NORM_H
#define BENCH_TRAIN_GRADIENT_NORM_H

#include <sluice/model.h>
#include <sluice/pipeline.h>
#include <sluice/train.h>

struct gradient_norm {
    const sluice_model *model;
    float *room; /* room[n_room], for one tensor; NULL: no norm is wanted */
    size_t n_room;
};

/* Returns SLUICE_OK, SLUICE_NO_MEMORY. */
sluice_status gradient_norm_init(struct gradient_norm *norm,
                                 const sluice_model *model, sluice_diag *why);

/* Zeros are allowed. */
void gradient_norm_fini(struct gradient_norm *norm);

/*
 * The norm of the gradient of the mean loss that the last step has updated by:
 * squares are added in the order of the model, so that no cut changes it.  NaN
 * at the end of an epoch, or if none is wanted.
 */
double gradient_norm(const struct gradient_norm *norm,
                     const sluice_pipeline *pipe,
                     const sluice_progress *progress);

#endif
