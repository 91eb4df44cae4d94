/* Normalization by the root of the mean square.  The stage's device. */
#include <sluice/layer.h>

#include <float.h>
#include <math.h>

#include "tensor/rms.h"

enum { WEIGHT };

static const sluice_option options[] = {
    {
        .name = "epsilon",
        .help = "added to the mean square; 0 stands for 1e-5",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_rms_norm_config, epsilon),
        .bytes = sizeof(float),
        .max = FLT_MAX,
    },
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    const sluice_rms_norm_config *norm = config;
    if (!(norm->epsilon >= 0) || isinf(norm->epsilon))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "rms_norm: epsilon %g; it must be positive, "
                               "or 0 for 1e-5",
                               (double)norm->epsilon);
    int64_t n = sluice_shape_elements(&plan->in);
    plan->out = plan->in;
    plan->n_params = 1;
    plan->params[WEIGHT] = (sluice_param_spec){
        .name = "weight",
        .shape = plan->in,
        .init = SLUICE_INIT_ONE,
    };
    plan->needs_x = true;
    plan->saved_row_bytes = sizeof(float);
    plan->forward_row_flops = 4 * n;
    plan->input_row_flops = 8 * n;
    plan->weight_row_flops = 3 * n;
    return SLUICE_OK;
}

static sluice_status forward(const sluice_layer_call *call)
{
    const sluice_rms_norm_config *norm = call->config;
    double epsilon = norm->epsilon > 0 ? (double)norm->epsilon : 1e-5;
    sl_rms_forward(call->rows, sluice_shape_elements(&call->plan->in), epsilon,
                   call->x, call->params[WEIGHT], call->saved, call->y);
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    if (call->dx)
        sl_rms_backward(call->rows, sluice_shape_elements(&call->plan->in),
                        call->saved, call->params[WEIGHT], call->x, call->dy,
                        call->dx);
    return SLUICE_OK;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    sl_rms_weight(call->rows, sluice_shape_elements(&call->plan->in),
                  call->saved, call->x, call->dy, call->accumulate,
                  call->grads[WEIGHT]);
    return SLUICE_OK;
}

static const sluice_layer_ops rms_norm_ops = {
    .name = "rms_norm",
    .config_bytes = sizeof(sluice_rms_norm_config),
    .help = "rows of mean square 1, times a weight",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
};

const sluice_layer_ops *sluice_rms_norm(void)
{
    return &rms_norm_ops;
}
