/*
 * Losses.  A loss compares the network's output with targets, row by row.  The
 * value of a mini-batch is the mean over its terms:
 *
 *     loss = (sum over micro-batches of forward()'s sum) / (rows * row_terms)
 *
 * so that micro-batches of unequal size weigh exactly as their rows do.
 */
#ifndef SLUICE_LOSS_H
#define SLUICE_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/element.h>
#include <sluice/export.h>
#include <sluice/shape.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_loss_plan {
    sluice_shape out;         /* the network's output; set by the caller of
                                 infer(), and again after it */
    int64_t target_row_bytes; /* bytes of one row's target; at least 1, and at
                                 most 2^47 for the rows of a batch */
    int64_t row_terms;        /* terms of the mean that one row brings; at
                                 least 1, and at most 2^53 for a batch */
    bool counts_correct;      /* forward() reports correctly classified rows */
    sluice_element target_type; /* of a target's elements.  sluice_train()
                                   refuses data of another type;
                                   SLUICE_UNTYPED: takes any of as many bytes */
    int64_t classes;            /* targets are labels from 0 to below this,
                                   which sluice_train() checks; 0: no labels, or
                                   any */
} sluice_loss_plan;

typedef struct sluice_loss_call {
    const sluice_loss_plan *plan;
    int64_t rows;        /* of this micro-batch, at least 1 */
    const float *y;      /* y[rows][out] */
    const void *targets; /* rows * target_row_bytes, aligned for its type */
    sluice_diag *why;    /* may be NULL */
} sluice_loss_call;

typedef struct sluice_loss_ops {
    const char *name; /* "mse" */

    /* Fill `plan`, whose `out` is given and whose rest is zero.
     * SLUICE_INVALID if it cannot be. */
    sluice_status (*infer)(sluice_loss_plan *plan, sluice_diag *why);

    /*
     * The sum of the terms of these rows, and the number of rows classified
     * correctly (0 unless counts_correct).
     *
     * Threads  the device of the last stage.
     * Returns  SLUICE_OK, or any status, such as SLUICE_INVALID for a label
     *          out of range; it ends the step.
     */
    sluice_status (*forward)(const sluice_loss_call *call, double *sum,
                             int64_t *correct);

    /* dy[rows][out] = scale * d(sum)/dy. */
    sluice_status (*backward)(const sluice_loss_call *call, float scale,
                              float *dy);
} sluice_loss_ops;

/* Mean squared error: terms (y - t)^2, one per element; targets are floats
 * t[rows][out]. */
SLUICE_API const sluice_loss_ops *sluice_mean_squared_error(void);

/* Softmax cross-entropy: one term -log softmax(y)[label] per row; targets are
 * int32_t labels in [0, out). */
SLUICE_API const sluice_loss_ops *sluice_cross_entropy(void);

/* A built-in loss by its name, "mse" or "cross_entropy"; NULL if it is none. */
SLUICE_API const sluice_loss_ops *sluice_loss_find(const char *name);

#ifdef __cplusplus
}
#endif

#endif
