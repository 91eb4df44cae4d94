/*
 * Optimizers.  Each device updates the parameters it holds, after every device
 * has finished its last backward of the mini-batch.
 *
 * An optimizer is called once for each parameter tensor: what it does to one
 * does not depend on how the model is cut.  What depends on all of them, such
 * as the norm of the whole gradient, it gets as `total`, see measure().
 */
#ifndef SLUICE_OPTIMIZER_H
#define SLUICE_OPTIMIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/options.h>
#include <sluice/shape.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SLUICE_OPTIMIZER_MAX_STATES = 4 };

typedef struct sluice_optimizer_call {
    const void *config;
    double learning_rate; /* sluice_pipeline_set_learning_rate() */
    uint64_t step;        /* updates before this one, those without rows, which
                             change nothing, included */
    int64_t n;            /* elements */
    float *w;             /* w[n], a parameter tensor */
    const float *g;       /* g[n], the gradient of the mean loss over the rows
                             that go into the update */
    float *state[SLUICE_OPTIMIZER_MAX_STATES]; /* each [n], zero at first */
    sluice_diag *why;                          /* may be NULL */

    const char *name;          /* of the tensor: "0.weight" */
    const sluice_shape *shape; /* as its sluice_param_spec has it */
    int layer;                 /* in the model */
    int param;                 /* in the layer */
    int tensor;   /* among all tensors of the model, in their order, from 0 */
    double total; /* of measure() over all tensors; 0 in measure() */
} sluice_optimizer_call;

typedef struct sluice_optimizer_ops {
    const char *name;    /* "sgd" */
    size_t config_bytes; /* the pipeline copies this many bytes */

    /*
     * Check the config; give the number of state arrays, at most
     * SLUICE_OPTIMIZER_MAX_STATES, and the starting learning rate, which is not
     * negative.
     */
    sluice_status (*infer)(const void *config, int *n_states,
                           double *learning_rate, sluice_diag *why);

    /*
     * Look at the gradient and say whether apply() may go on; may be NULL.
     * It must change nothing: any device's refusal leaves the parameters of
     * all devices as they were before the step.
     */
    sluice_status (*prepare)(const sluice_optimizer_call *call);

    /* Update w and state.  Runs when every device's prepare() has passed; in
     * an asynchronous schedule when this device's has, and is taken back if
     * another one's does not. */
    void (*apply)(const sluice_optimizer_call *call);

    /*
     * What a tensor adds to `total`: the sum of the squares of its gradient,
     * for the norm of all.  May be NULL.  The terms of all tensors are added in
     * the order of the model, so `total` has the same bits for every cut,
     * schedule, and number of devices.  It is there in prepare() and apply().
     *
     * All devices have to meet for it before an update: a pipeline with an
     * asynchronous schedule, whose stages update by themselves, is refused.
     *
     * Threads  a device that holds the tensor; its term is a matter of the
     *          arguments alone.
     */
    double (*measure)(const sluice_optimizer_call *call);

    /* Whether `total` is read with this config; NULL: if there is measure(). */
    bool (*wants_total)(const void *config);

    /* As in sluice_layer_ops. */
    const char *help;
    const sluice_option *options;
    int n_options;
} sluice_optimizer_ops;

/*
 * Stochastic gradient descent as PyTorch defines it:
 *
 *     g *= min(1, clip / (norm + 1e-6))      (if there is a clip)
 *     g += weight_decay * w
 *     v  = momentum * v + g                  (v = g at the first step)
 *     w -= learning_rate * (nesterov ? g + momentum * v : v)
 *
 * where norm is the Euclidean one of the gradient by all parameters of the
 * model (clip_grad_norm_()).  A norm that is not finite ends the step with
 * SLUICE_NOT_FINITE.
 */
typedef struct sluice_sgd_config {
    double learning_rate; /* > 0 */
    double momentum;      /* 0 <= momentum < 1 */
    double weight_decay;  /* >= 0 */
    bool nesterov;        /* needs momentum > 0 */
    double clip;          /* of the gradient's norm, >= 0; 0: none */
} sluice_sgd_config;
SLUICE_API const sluice_optimizer_ops *sluice_sgd(void);

/* The library's optimizers, one after the other, the usual one first; NULL
 * behind the last. */
SLUICE_API const sluice_optimizer_ops *sluice_optimizer_at(int i);

/* The one of that name, "sgd"; NULL if there is none. */
SLUICE_API const sluice_optimizer_ops *sluice_optimizer_find(const char *name);

/* The options of an optimizer, perhaps a user's. */
SLUICE_API sluice_option_table
sluice_optimizer_options(const sluice_optimizer_ops *ops);

/* An optimizer of the library with its config. */
typedef struct sluice_optimizer_choice {
    const sluice_optimizer_ops *ops;
    sluice_config_room config;
} sluice_optimizer_choice;

/*
 * An optimizer from a text, "NAME" or "NAME:option=value,...":
 * "sgd:lr=0.1,momentum=0.9".  NULL or "" is the usual one with its defaults.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND with the optimizers there are,
 *          SLUICE_INVALID as sluice_options_parse().
 */
SLUICE_API sluice_status sluice_optimizer_parse(const char *text,
                                                sluice_optimizer_choice *out,
                                                sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
