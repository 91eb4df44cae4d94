/* Mean squared error.  The device of the last stage. */
#include <sluice/loss.h>

#include "tensor/elementwise.h"

static sluice_status infer(sluice_loss_plan *plan, sluice_diag *why)
{
    int64_t n = sluice_shape_elements(&plan->out);
    if (n < 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "mse: the network's output has no elements");
    plan->row_terms = n;
    plan->target_row_bytes = n * (int64_t)sizeof(float);
    plan->target_type = SLUICE_F32;
    plan->counts_correct = false;
    return SLUICE_OK;
}

static sluice_status forward(const sluice_loss_call *call, double *sum,
                             int64_t *correct)
{
    *sum = sl_squared_distance(call->rows * call->plan->row_terms, call->y,
                               call->targets);
    *correct = 0;
    return SLUICE_OK;
}

static sluice_status backward(const sluice_loss_call *call, float scale,
                              float *dy)
{
    sl_scaled_difference(call->rows * call->plan->row_terms, 2 * scale, call->y,
                         call->targets, dy);
    return SLUICE_OK;
}

static const sluice_loss_ops mean_squared_error = {
    .name = "mse",
    .help = "mean squared error, of as many numbers as there are outputs",
    .infer = infer,
    .forward = forward,
    .backward = backward,
};

const sluice_loss_ops *sluice_mean_squared_error(void)
{
    return &mean_squared_error;
}
