/* Layer normalization.  The stage's device. */
#include <sluice/layer.h>

#include <float.h>
#include <math.h>

#include "nn/layers/positions.h"
#include "tensor/normalize.h"

enum { WEIGHT, BIAS };

static const sluice_option options[] = {
    {
        .name = "epsilon",
        .help = "added to the variance; 0 stands for 1e-5",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_layer_norm_config, epsilon),
        .bytes = sizeof(float),
        .max = FLT_MAX,
    },
    {
        .name = "per-position",
        .help = "each vector along the last dimension for itself",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_layer_norm_config, per_position),
        .bytes = sizeof(bool),
    },
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    const sluice_layer_norm_config *norm = config;
    if (!(norm->epsilon >= 0) || isinf(norm->epsilon))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer_norm: epsilon %g; it must be positive, "
                               "or 0 for 1e-5",
                               (double)norm->epsilon);
    int64_t n = sluice_shape_elements(&plan->in);
    struct sl_positions at = sl_positions_of(&plan->in, norm->per_position);
    sluice_shape shape =
        norm->per_position ? sluice_shape_vector(at.width) : plan->in;
    plan->out = plan->in;
    plan->n_params = 2;
    plan->params[WEIGHT] = (sluice_param_spec){
        .name = "weight",
        .shape = shape,
        .init = SLUICE_INIT_ONE,
    };
    plan->params[BIAS] = (sluice_param_spec){
        .name = "bias",
        .shape = shape,
    };
    plan->needs_x = true;
    plan->saved_row_bytes = sl_size_times(at.n, sizeof(struct sl_moments));
    plan->forward_row_flops = sl_size_times(n, 8);
    plan->input_row_flops = sl_size_times(n, 12);
    plan->weight_row_flops = sl_size_times(n, 5);
    return SLUICE_OK;
}

/* Vectors of all rows, and their width. */
static struct sl_positions positions_of(const sluice_layer_call *call)
{
    const sluice_layer_norm_config *norm = call->config;
    struct sl_positions at =
        sl_positions_of(&call->plan->in, norm->per_position);
    at.n *= call->rows;
    return at;
}

static sluice_status forward(const sluice_layer_call *call)
{
    const sluice_layer_norm_config *norm = call->config;
    double epsilon = norm->epsilon > 0 ? (double)norm->epsilon : 1e-5;
    struct sl_positions at = positions_of(call);
    sl_normalize_forward(at.n, at.width, epsilon, call->x, call->params[WEIGHT],
                         call->params[BIAS], call->saved, call->y);
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    struct sl_positions at = positions_of(call);
    if (call->dx)
        sl_normalize_backward(at.n, at.width, call->saved, call->params[WEIGHT],
                              call->x, call->dy, call->dx);
    return SLUICE_OK;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    struct sl_positions at = positions_of(call);
    sl_normalize_weight(at.n, at.width, call->saved, call->x, call->dy,
                        call->accumulate, call->grads[WEIGHT],
                        call->grads[BIAS]);
    return SLUICE_OK;
}

static const sluice_layer_ops layer_norm_ops = {
    .name = "layer_norm",
    .config_bytes = sizeof(sluice_layer_norm_config),
    .help = "rows of mean 0 and variance 1, times a weight, plus a bias",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
};

const sluice_layer_ops *sluice_layer_norm(void)
{
    return &layer_norm_ops;
}
