/*
 * Losses.  A loss compares the network's output with targets, row by row.  The
 * value of a mini-batch is the mean over its terms:
 *
 *     loss = (sum over micro-batches of forward()'s sum) / n
 *     n    = (sum over micro-batches of terms()), or rows * row_terms without
 *
 * so that each term has the same weight, whatever the sizes of micro-batches.
 * If no term counts (n = 0), the loss is 0 and its gradient too.
 */
#ifndef SLUICE_LOSS_H
#define SLUICE_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/element.h>
#include <sluice/export.h>
#include <sluice/options.h>
#include <sluice/shape.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_loss_plan {
    sluice_shape out;         /* the network's output; this and the next set by
                                 the caller of infer(), and again after it */
    const void *config;       /* a copy of the config, or zeros; NULL, in a call
                                 of a program's own: infer() of the built-in
                                 losses sets it to their defaults */
    int64_t target_row_bytes; /* bytes of one row's target; at least 1, and at
                                 most 2^47 for the rows of a batch */
    int64_t row_terms;        /* terms of the mean for one row; at least 1, and
                                 at most 2^53 for a batch */
    bool counts_correct;      /* forward() reports correctly classified terms */
    sluice_element target_type; /* of a target's elements.  sluice_train()
                                   refuses data of another type;
                                   SLUICE_UNTYPED: it accepts any type with
                                   target_row_bytes for a row */
    int64_t classes;            /* targets are labels from 0 to classes - 1,
                                   which sluice_train() checks; 0: targets are
                                   not labels, or are not checked */
    int64_t ignored;            /* with `classes`: a label that is allowed too;
                                   its term does not count */
} sluice_loss_plan;

typedef struct sluice_loss_call {
    const sluice_loss_plan *plan;
    int64_t rows;        /* of this micro-batch, at least 1 */
    const float *y;      /* y[rows][out] */
    const void *targets; /* rows * target_row_bytes, aligned for its type */
    sluice_diag *why;    /* may be NULL */
} sluice_loss_call;

/*
 * A loss whose classes are cut across devices: each device has the outputs from
 * `first` to first + n - 1 of every position.  What it finds out about a term
 * it writes to a sluice_part_term; from those of all parts, in the order of the
 * parts, follow the loss and the gradient.
 */
typedef struct sluice_part_term {
    double sum;    /* of exp(y - largest) over the part's classes */
    double below;  /* of largest - y, the same; 0 unless the loss reads it */
    float largest; /* of its y; -INFINITY if it has no class */
    float label;   /* y at the label, if it is the part's */
    int64_t at;    /* the first class whose y is the largest */
} sluice_part_term;

typedef struct sluice_loss_part_call {
    const sluice_loss_plan *plan;
    int64_t rows;        /* of this micro-batch, at least 1 */
    const void *targets; /* rows * target_row_bytes */
    int64_t first;       /* outputs of the part */
    int64_t n;
    sluice_diag *why; /* may be NULL */
} sluice_loss_part_call;

/* The gradient of a term by its outputs is scale * (p - q): the target q. */
typedef struct sluice_part_target {
    int64_t label;    /* -1: the term does not count, its gradient is 0 */
    double at_label;  /* q there ... */
    double elsewhere; /* ... and at all other classes */
} sluice_part_target;

typedef struct sluice_loss_part_ops {
    /*
     * terms[rows * row_terms] of y[rows * row_terms][n], which becomes
     * exp(y - largest) / sum, and 0 where outputs are no classes.
     *
     * Threads  the part's device, as the next three.
     * Returns  as sluice_loss_ops.forward().
     */
    sluice_status (*measure)(const sluice_loss_part_call *call, float *y,
                             sluice_part_term *terms);

    /* The target of term `i`. */
    sluice_part_target (*target)(const sluice_loss_part_call *call, int64_t i);

    /* By what a part multiplies what it has made of y, to get p: of term `i`,
     * terms[n_parts], part `part`. */
    float (*factor)(const sluice_part_term *const *terms, int n_parts, int part,
                    int64_t i);

    /* As sluice_loss_ops.forward(), of all parts: terms[n_parts]. */
    void (*total)(const sluice_loss_part_call *call,
                  const sluice_part_term *const *terms, const int64_t *first,
                  int n_parts, double *sum, int64_t *correct);
} sluice_loss_part_ops;

typedef struct sluice_loss_ops {
    const char *name; /* "mse" */

    /* Check plan->config and fill `plan`.  Its `out` and `config` are given,
     * the rest is zero.  SLUICE_INVALID if config or output do not fit. */
    sluice_status (*infer)(sluice_loss_plan *plan, sluice_diag *why);

    /*
     * The sum of the terms of these rows, and the number of terms classified
     * correctly (0 unless counts_correct); those that do not count add nothing.
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

    /*
     * How many of the terms of these targets count, from 0 to rows * row_terms;
     * targets[rows], which may be wrong: forward() refuses them.  NULL: all.
     * An update is made from the terms that count, and scaled by their number;
     * one without any changes nothing.
     *
     * Threads  the caller of step, evaluate or reference, before forward().
     */
    int64_t (*terms)(const sluice_loss_plan *plan, const void *targets,
                     int64_t rows);

    /* What a cut vocabulary needs; NULL: the loss has no such form. */
    const sluice_loss_part_ops *part;

    /* The bytes of the config that are copied; help and options as in
     * sluice_layer_ops.  All may be 0. */
    size_t config_bytes;
    const char *help;
    const sluice_option *options;
    int n_options;
} sluice_loss_ops;

/* Mean squared error: terms (y - t)^2, one per element; targets are floats
 * t[rows][out]. */
SLUICE_API const sluice_loss_ops *sluice_mean_squared_error(void);

/*
 * Softmax cross-entropy.  The last dimension of the output is the classes; each
 * of the n positions before it, one if the output is a vector, has a label and
 * a term
 *
 *     -sum over j < C of q[j] log softmax(y[0..C-1])[j]
 *
 * with q[j] = smoothing / C, and 1 - smoothing more at the label.  Without
 * smoothing that is -log softmax(y)[label].  A label of `ignore` has no term.
 * Outputs from `classes` on are padding: they are not read, and their gradient
 * is 0.  Evaluation measures the same loss.
 *
 * Shapes   y[rows, n, out], targets int32_t [rows, n], each in [0, C) or
 *          `ignore`; C is `classes`, or out.
 */
typedef struct sluice_cross_entropy_config {
    double label_smoothing; /* from 0 to 1 (Szegedy et al., 2016) */
    int64_t ignore;         /* a label below 0; 0: -100, as PyTorch's */
    int64_t classes;        /* C, at most out; 0: out */
} sluice_cross_entropy_config;
SLUICE_API const sluice_loss_ops *sluice_cross_entropy(void);

/* Loss `i` of the library's table; NULL past the last one. */
SLUICE_API const sluice_loss_ops *sluice_loss_at(int i);

/* The loss of that name, "mse" or "cross_entropy"; NULL if there is none. */
SLUICE_API const sluice_loss_ops *sluice_loss_find(const char *name);

/* The options of a loss, of the library or of a program. */
SLUICE_API sluice_option_table sluice_loss_options(const sluice_loss_ops *ops);

/* A loss of the library with its config. */
typedef struct sluice_loss_choice {
    const sluice_loss_ops *ops;
    sluice_config_room config;
} sluice_loss_choice;

/*
 * A loss from a text, "NAME" or "NAME:option=value,...".
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND with the list of losses; SLUICE_INVALID
 *          as sluice_options_parse().
 */
SLUICE_API sluice_status sluice_loss_parse(const char *text,
                                           sluice_loss_choice *out,
                                           sluice_diag *why);

/*
 * The first loss that takes targets of this kind: class labels, or numbers.
 *
 * Threads  any.
 * Returns  SLUICE_OK with the loss and its defaults; SLUICE_NOT_FOUND if none
 *          compares an output of shape `out` with them.
 */
SLUICE_API sluice_status sluice_loss_for(bool labels, sluice_shape out,
                                         sluice_loss_choice *choice,
                                         sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
