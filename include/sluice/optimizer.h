/*
 * Optimizers.  Each device updates the parameters it holds, after its last
 * backward of the mini-batch.
 *
 * An optimizer is called once for each parameter tensor, so its result for one
 * tensor does not depend on how the model is cut.  A number that depends on all
 * tensors, such as the norm of the whole gradient, is given to it as `total`:
 * see measure().
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
    uint64_t step;        /* number of updates before this one; updates without
                             rows, which change nothing, are counted */
    int64_t n;            /* elements */
    float *w;             /* w[n], a parameter tensor, or a run of its elements:
                             see `elementwise` */
    const float *g;       /* g[n], the gradient of the mean loss over the rows
                             that go into the update */
    float *state[SLUICE_OPTIMIZER_MAX_STATES]; /* each [n], zero at first */
    sluice_diag *why;                          /* may be NULL */

    const char *name;          /* of the tensor: "0.weight" */
    const sluice_shape *shape; /* as its sluice_param_spec has it */
    int layer;                 /* in the model */
    int param;                 /* in the layer */
    int tensor;   /* among all tensors of the model, in their order, from 0 */
    double total; /* the sum of measure() over all tensors; 0 in measure() */
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
     * Check the gradient: a status other than SLUICE_OK ends the step.  May be
     * NULL.  It must change nothing, because the refusal of one device leaves
     * the parameters of all devices as they were before the step.
     */
    sluice_status (*prepare)(const sluice_optimizer_call *call);

    /*
     * Update w and state.  It is called when prepare() has succeeded for all
     * tensors of this device; other devices may still compute.  If the step
     * fails, the library puts w and state back as they were: so they are all
     * that it may write.
     */
    void (*apply)(const sluice_optimizer_call *call);

    /*
     * The term of this tensor in `total`: for the norm of the whole gradient,
     * the sum of the squares of its elements.  May be NULL.  The terms of all
     * tensors are added in the order of the model, so `total` has the same bits
     * for every cut, schedule, and number of devices.  prepare() and apply()
     * read it.
     *
     * Each device of a team is asked for the term of its shard, and these are
     * added, too: `total` then depends on the team in its last bits.  What is
     * no sum over elements, such as a largest one, cannot be had of a team.
     *
     * All devices meet to add the terms before an update.  An asynchronous
     * schedule has no such meeting, so a pipeline with one is refused.
     *
     * Threads  a device that holds the tensor.  The term may depend only on the
     *          arguments.
     */
    double (*measure)(const sluice_optimizer_call *call);

    /* Whether `total` is read with this config; NULL: yes if measure() is not
     * NULL. */
    bool (*wants_total)(const void *config);

    /*
     * Whether prepare() and apply() do to each element what depends on nothing
     * but that element of w, g and state, and on the fields of the call that
     * are no arrays, `n` not among them.  They may then be called for a run of
     * a tensor's elements, `shape` being that of the tensor, and the bits are
     * the same: ZeRO (docs/zero.md) needs it.  measure() always sees all of g
     * and w; with ZeRO it is given no states.
     */
    bool elementwise;

    /* As in sluice_layer_ops. */
    const char *help;
    const sluice_option *options;
    int n_options;
} sluice_optimizer_ops;

/*
 * Which tensors decay, by name: "*.weight+0.bias" are those called 0.bias, and
 * those whose name ends with ".weight".  A star stands for any characters, also
 * for none; "+" stands between patterns.  "": none is given.
 */
enum { SLUICE_DECAY_PATTERN = 48 }; /* bytes, terminating 0 included */

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
 * SLUICE_NOT_FINITE.  All tensors decay, unless decay_only names some.
 *
 * A state (here v) whose magnitude falls below FLT_MIN, about 1.2e-38, becomes
 * 0, of all optimizers of this header: processors are many times as slow with
 * such numbers, and a unit that gets no gradient any more would have them from
 * some hundred steps later on, for ever.
 */
typedef struct sluice_sgd_config {
    double learning_rate; /* > 0 */
    double momentum;      /* 0 <= momentum < 1 */
    double weight_decay;  /* >= 0 */
    bool nesterov;        /* needs momentum > 0 */
    double clip;          /* of the gradient's norm, >= 0; 0: none */
    char decay_only[SLUICE_DECAY_PATTERN];
} sluice_sgd_config;
SLUICE_API const sluice_optimizer_ops *sluice_sgd(void);

/*
 * Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019) as PyTorch
 * defines them.  At the update t = 1, 2, ...:
 *
 *     g *= min(1, clip / (norm + 1e-6))      (if there is a clip, as SGD's)
 *     g += weight_decay * w                  (Adam)
 *     m  = beta1 * m + (1 - beta1) * g
 *     v  = beta2 * v + (1 - beta2) * g * g
 *     w -= learning_rate * weight_decay * w  (AdamW; the w before the update)
 *        + learning_rate / (1 - beta1^t) * m
 *          / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 *
 * Only tensors of two dimensions or more decay: weights, and not biases.  All
 * do with decay_all, which is what PyTorch does unless told otherwise; with a
 * decay_only those that it names, whatever their dimensions, and no others.
 *
 * t is sluice_optimizer_call.step + 1, so an update without rows, which changes
 * nothing, counts.  The factors that depend on t are worked out in double and
 * rounded once to float; what is done to an element is done in float, in the
 * order above.
 *
 * Every number out of its bounds is refused with SLUICE_INVALID, so that a
 * field that was forgotten, and is 0, is noticed.
 */
typedef struct sluice_adam_config {
    double learning_rate; /* > 0; usual: 0.001 */
    double beta1;         /* 0 <= beta1 < 1; usual: 0.9 */
    double beta2;         /* 0 < beta2 < 1; usual: 0.999 */
    double epsilon;       /* > 0; usual: 1e-8 */
    double weight_decay;  /* >= 0; usual: 0, of AdamW 0.01 */
    double clip;          /* of the gradient's norm, >= 0; 0: none */
    bool decay_all;
    char decay_only[SLUICE_DECAY_PATTERN];
} sluice_adam_config;
SLUICE_API const sluice_optimizer_ops *sluice_adam(void);
SLUICE_API const sluice_optimizer_ops *sluice_adamw(void);

/*
 * RMSProp (Tieleman and Hinton, 2012) as PyTorch defines it, epsilon outside
 * the root:
 *
 *     g *= min(1, clip / (norm + 1e-6))      (if there is a clip, as SGD's)
 *     g += weight_decay * w                  (as Adam: which tensors)
 *     v  = alpha * v + (1 - alpha) * g * g
 *     a  = alpha * a + (1 - alpha) * g       (centered; else a = 0)
 *     b  = momentum * b + g / (sqrt(v - a * a) + epsilon)
 *     w -= learning_rate * b
 *
 * Where rounding makes v - a * a negative, its root is 0; PyTorch's is NaN.
 */
typedef struct sluice_rmsprop_config {
    double learning_rate; /* > 0; usual: 0.01 */
    double alpha;         /* 0 < alpha < 1; usual: 0.99 */
    double epsilon;       /* > 0; usual: 1e-8 */
    double momentum;      /* 0 <= momentum < 1 */
    double weight_decay;  /* >= 0 */
    double clip;          /* of the gradient's norm, >= 0; 0: none */
    bool centered;
    bool decay_all;
    char decay_only[SLUICE_DECAY_PATTERN];
} sluice_rmsprop_config;
SLUICE_API const sluice_optimizer_ops *sluice_rmsprop(void);

/* Optimizer `i` of the library's table, the default first; NULL past the last
 * one. */
SLUICE_API const sluice_optimizer_ops *sluice_optimizer_at(int i);

/* The optimizer of that name, "sgd"; NULL if there is none. */
SLUICE_API const sluice_optimizer_ops *sluice_optimizer_find(const char *name);

/* The options of an optimizer, of the library or of a program. */
SLUICE_API sluice_option_table
sluice_optimizer_options(const sluice_optimizer_ops *ops);

/* An optimizer of the library with its config. */
typedef struct sluice_optimizer_choice {
    const sluice_optimizer_ops *ops;
    sluice_config_room config;
} sluice_optimizer_choice;

/*
 * An optimizer from a text, "NAME" or "NAME:option=value,...":
 * "sgd:lr=0.1,momentum=0.9".  NULL or "" means the first one of the table with
 * its defaults.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND with the list of optimizers;
 *          SLUICE_INVALID as sluice_options_parse().
 */
SLUICE_API sluice_status sluice_optimizer_parse(const char *text,
                                                sluice_optimizer_choice *out,
                                                sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
