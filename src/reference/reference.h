/*
 * The inside of the sequential reference, shared by its files: reference.c
 * builds it, reference_parameters.c moves parameters, reference_products.c
 * makes its matrix products, follow.c and joins.c read what a schedule means to
 * it, reference_pass.c takes a micro-batch through the layers, reference_step.c
 * a mini-batch, reference_update.c calls the optimizer, and
 * reference_versions.c makes a step with weight versions.  It shares no code
 * with the pipeline, whose judge it is.
 *
 * Threads: the caller's alone.
 */
#ifndef SL_REFERENCE_REFERENCE_H
#define SL_REFERENCE_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/layer.h>
#include <sluice/loss.h>
#include <sluice/memory.h>
#include <sluice/model.h>
#include <sluice/optimizer.h>
#include <sluice/reference.h>

#include "tensor/gemm/product.h"

/* One parameter tensor, with what belongs to it. */
struct sl_reference_param {
    int64_t n;                        /* elements */
    struct sl_reference_param *first; /* of a tied one: the first use, whose w
                                         and states are those of all; NULL */
    float *w;
    float *g;
    float *sum; /* of the gradients of copies and replicas; NULL for one */
    float *state[SLUICE_OPTIMIZER_MAX_STATES];
    float *kept;   /* kept[n_updates + 1][n], all versions of a step; NULL
                      without versions */
    float *before; /* before[states][n], when the step began; the same */
};

struct sl_reference_layer {
    const sluice_layer_ops *ops;
    const void *config;
    const sluice_layer_plan *plan;
    int64_t in;   /* elements of a row of x */
    int64_t out;  /* elements of a row of y */
    float *y;     /* y[batch][out], of the mini-batch under way */
    void **saved; /* saved[replicas * microbatches] */
    float *dy;    /* dy[batch][out], of a layer that joins; else NULL */
    float *skip;  /* skip[batch][...], shared by a stash and its pop; else NULL
                   */
    float *skip_gradient; /* by skip, the same */
    bool *joins;          /* joins[microbatches]: with the one before */
    struct sluice_product *products;   /* [plan->n_products] */
    struct sl_reference_param *params; /* params[n_params] */
    const float **weights;             /* weights[n_params], of a call */
    float **grads;                     /* grads[n_params], the same */
    float **newest;                    /* newest[n_params], the same */
};

struct sluice_reference {
    const sluice_allocator *allocator;
    const sluice_model *model;
    struct sl_reference_block *blocks; /* every allocation but this struct */

    bool reserved; /* BLAS's buffer is */

    int64_t batch;
    int64_t input_row_bytes;
    int replicas;
    int microbatches; /* of one replica */
    int copies;       /* of the model, in one replica */
    int *copy;        /* copy[microbatches]; NULL: all go through copy 0 */
    bool in_order;    /* of the backwards */
    int *listed;      /* [microbatches] their order, if it is neither ascending
                         nor descending; NULL */
    sluice_finite finite;
    uint64_t seed;
    enum sl_precision precision;
    uint64_t step; /* steps made */
    int n_states;

    int *versions;  /* [n_layers][microbatches], from 1; NULL: there is one */
    int n_updates;  /* of a step, with versions */
    int *groups;    /* [n_updates] micro-batches that go into each */
    double *sums;   /* [replicas * microbatches] the losses */
    int64_t *right; /* the same, rows classified correctly */

    int n_layers;
    struct sl_reference_layer *layers; /* layers[n_layers] */

    const sluice_loss_ops *loss;
    void *loss_config;
    sluice_loss_plan loss_plan;

    const sluice_optimizer_ops *optimizer;
    void *optimizer_config;
    double learning_rate;
    double total; /* of the optimizer's measure(), in this update */

    float *gradient[2]; /* dy and dx of a layer, by turns */
    void *workspace;
    void *scratch;
};

/* A run of rows of the mini-batch under way. */
struct sl_micro {
    int index;
    int64_t rows;
    int64_t first_row;
};

/* The mini-batch under way. */
struct sl_mini {
    const char *x;       /* x[rows][input], of the type of the model's input */
    const char *targets; /* NULL in inference */
    int64_t rows;
    int64_t terms; /* over which the loss is a mean: those of an update that
                      count */
    bool training;
    double sum;      /* of the losses of the micro-batches so far */
    int64_t correct; /* rows among them */
    sluice_diag *why;
};

/* n * size zeroed bytes that live as long as the reference; NULL if there is
 * no memory, or a factor is negative. */
void *sl_reference_take(struct sluice_reference *ref, int64_t n, int64_t size);

/*
 * The products of all layers: settled and prepared as those of a pipeline with
 * the same configuration, with one packed copy of the weights.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, SLUICE_SYSTEM.
 */
sluice_status sl_reference_make_products(struct sluice_reference *ref,
                                         enum sl_gemm_choice choice,
                                         sluice_diag *why);
void sl_reference_free_products(struct sluice_reference *ref);

/* What each stash leaves for its pop, and the gradient that comes back.  False
 * if there is no memory. */
bool sl_reference_make_skips(struct sluice_reference *ref);

/* Parameters have changed. */
void sl_reference_forget(const struct sluice_reference *ref);

/* How many terms of a run of rows count; from SLUICE_INVALID on, as
 * sl_loss_terms(). */
sluice_status sl_reference_terms(const struct sluice_reference *ref,
                                 const void *targets, struct sl_micro rows,
                                 int64_t *terms, sluice_diag *why);

/* Replicas share the rows, then each makes micro-batches of its share. */
struct sl_micro sl_reference_micro(const struct sluice_reference *ref,
                                   int64_t rows, int replica, int m);

/* One micro-batch through all layers, and its loss; and all the way back. */
sluice_status sl_reference_forward(struct sluice_reference *ref,
                                   const struct sl_mini *mini,
                                   struct sl_micro micro, double *sum,
                                   int64_t *correct);
sluice_status sl_reference_backward(struct sluice_reference *ref,
                                    const struct sl_mini *mini,
                                    struct sl_micro micro, bool accumulate);

/* One function for each parameter, called in order; and some of these: set the
 * gradient to zero, make it the sum, add it to the sum, replace it by that. */
void sl_reference_for_params(struct sluice_reference *ref,
                             void (*f)(struct sl_reference_param *param));
void sl_reference_clear(struct sl_reference_param *param);
void sl_reference_keep(struct sl_reference_param *param);
void sl_reference_add(struct sl_reference_param *param);
void sl_reference_use_sum(struct sl_reference_param *param);

/* Add the gradient of a tied one to that of its first use. */
void sl_reference_add_tied(struct sl_reference_param *param);

/* The optimizer, after `update` updates: whether it goes on, and going on. */
sluice_status sl_reference_prepare(struct sluice_reference *ref,
                                   uint64_t update, sluice_diag *why);
void sl_reference_apply(struct sluice_reference *ref, uint64_t update);

/* A step with weight versions.  Returns what layer, loss or optimizer did; then
 * all is as before. */
sluice_status sl_reference_run_versions(struct sluice_reference *ref,
                                        struct sl_mini *mini);

#endif
