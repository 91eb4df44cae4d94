/*
 * A layer on trial: its buffers, filled with random numbers, and calls to it as
 * a device makes them.
 *
 * Threads: the caller's.
 */
#ifndef SL_NN_GRADIENT_TRIAL_H
#define SL_NN_GRADIENT_TRIAL_H

#include <sluice/gradient_check.h>
#include <sluice/model.h>

struct sl_trial {
    const sluice_layer_ops *layer;
    const sluice_layer_plan *plan; /* of `model`, which has the one layer */
    sluice_model *model;
    const sluice_allocator *allocator;
    sluice_layer_call call; /* of all rows, with all buffers */
    int64_t n_in;           /* elements of x */
    int64_t n_out;          /* elements of y */
    float *x;               /* as call.x, to be changed; NULL if integers */
    float *dy_start;        /* dy as each backward pass begins with it */
    float **params;         /* [n_params], as call.params, to be changed */
    float **grads;          /* [n_params], as call.grads */
};

/*
 * Let the layer infer, allocate, fill x, dy and the parameters.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID as sluice_model_add(); SLUICE_NO_MEMORY.
 */
sluice_status sl_trial_init(struct sl_trial *trial,
                            const sluice_layer_ops *layer,
                            const void *layer_config,
                            const sluice_gradient_config *config,
                            sluice_diag *why);
void sl_trial_fini(struct sl_trial *trial);

/* forward(), and sum(dy * y) of it.  Returns what the layer returns. */
sluice_status sl_trial_forward(struct sl_trial *trial, double *sum);

/*
 * Both backward passes, behind a forward.
 *
 * Returns  what the layer returns.
 */
sluice_status sl_trial_backward(struct sl_trial *trial, bool with_dx,
                                bool accumulate);

/* Elements of parameter `p`. */
int64_t sl_trial_elements(const struct sl_trial *trial, int p);

#endif
