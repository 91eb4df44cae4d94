/*
 * The inside of the sequential reference, shared by its two files: reference.c
 * builds it and moves parameters, reference_step.c computes.  It shares no code
 * with the pipeline, whose judge it is.
 *
 * Threads: the caller's alone.
 */
#ifndef SL_RUN_REFERENCE_H
#define SL_RUN_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/layer.h>
#include <sluice/loss.h>
#include <sluice/memory.h>
#include <sluice/model.h>
#include <sluice/optimizer.h>
#include <sluice/reference.h>

/* One parameter tensor, with what belongs to it. */
struct sl_reference_param {
    int64_t n; /* elements */
    float *w;
    float *g;
    float *sum; /* of the gradients of copies and replicas; NULL for one */
    float *state[SLUICE_OPTIMIZER_MAX_STATES];
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
    bool *joins;  /* joins[microbatches]: with the one before */
    struct sl_reference_param params[SLUICE_LAYER_MAX_PARAMS];
};

struct sluice_reference {
    const sluice_allocator *allocator;
    const sluice_model *model;
    struct sl_reference_block *blocks; /* every allocation but this struct */

    bool reserved; /* BLAS's buffer is */

    int64_t batch;
    int replicas;
    int microbatches; /* of one replica */
    int copies;       /* of the model, in one replica */
    int *copy;        /* copy[microbatches]; NULL: all go through copy 0 */
    bool in_order;    /* of the backwards */
    uint64_t seed;
    uint64_t step; /* updates made */

    int n_layers;
    struct sl_reference_layer *layers; /* layers[n_layers] */

    const sluice_loss_ops *loss;
    sluice_loss_plan loss_plan;

    const sluice_optimizer_ops *optimizer;
    void *optimizer_config;
    double learning_rate;

    float *gradient[2]; /* dy and dx of a layer, by turns */
    void *workspace;
};

#endif
