/*
 * Optimizers.  Each device updates the parameters it holds, after every device
 * has finished its last backward of the mini-batch.
 */
#ifndef SLUICE_OPTIMIZER_H
#define SLUICE_OPTIMIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/options.h>
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
    float *w;             /* w[n], the parameters of one stage */
    const float *g;       /* g[n], the gradient of the mean loss over the rows
                             that go into the update */
    float *state[SLUICE_OPTIMIZER_MAX_STATES]; /* each [n], zero at first */
    sluice_diag *why;                          /* may be NULL */
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

    /* As in sluice_layer_ops. */
    const char *help;
    const sluice_option *options;
    int n_options;
} sluice_optimizer_ops;

/*
 * Stochastic gradient descent as PyTorch defines it:
 *
 *     g += weight_decay * w
 *     v  = momentum * v + g                  (v = g at the first step)
 *     w -= learning_rate * (nesterov ? g + momentum * v : v)
 */
typedef struct sluice_sgd_config {
    double learning_rate; /* > 0 */
    double momentum;      /* 0 <= momentum < 1 */
    double weight_decay;  /* >= 0 */
    bool nesterov;        /* needs momentum > 0 */
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
