/*
 * One layer on the bench: its buffers, filled with numbers, and calls to it.
 * Buffers are as large as the contract says and not a byte larger, so that the
 * address sanitizer sees who goes beyond.
 */
#ifndef SL_TEST_RIG_H
#define SL_TEST_RIG_H

#include <sluice/layer.h>

enum { RIG_MAX_PARAMS = 8 }; /* a layer with more has no room on the bench */

struct rig {
    const sluice_layer_ops *ops;
    sluice_layer_plan plan;
    sluice_layer_call call; /* of all rows; may be changed between calls */
    sluice_diag why;
    int64_t n_in;  /* elements of x and dx, all rows */
    int64_t n_out; /* of y and dy */
    int64_t n_params[RIG_MAX_PARAMS];
    float *params[RIG_MAX_PARAMS];                /* as call.params, to write */
    float *grads[RIG_MAX_PARAMS];                 /* as call.grads */
    float *x;                                     /* as call.x, to write */
    sluice_param_spec specs[RIG_MAX_PARAMS];      /* plan.params */
    sluice_product_spec products[RIG_MAX_PARAMS]; /* plan.products */
};

/* Let the layer infer, allocate, and fill x, dy and the parameters with
 * numbers in [-1, 1) that depend on `seed`.  What infer() returns. */
sluice_status rig_init(struct rig *rig, const sluice_layer_ops *ops,
                       const void *config, sluice_shape in, int64_t rows,
                       uint64_t seed);

void rig_fini(struct rig *rig);

/* Forward, and both backwards with dy as it was before; `dy` is changed as the
 * layer likes. */
void rig_forward(struct rig *rig);
void rig_backward(struct rig *rig);

#endif
