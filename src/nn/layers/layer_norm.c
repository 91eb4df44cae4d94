/* Layer normalization.  The stage's device. */
#include <sluice/layer.h>

#include "nn/layers/norm.h"
#include "nn/layers/positions.h"
#include "nn/rows/given.h"
#include "nn/team/team.h"
#include "tensor/normalize.h"

enum { WEIGHT, BIAS };

static const sluice_option options[] = {
    SL_OPTION_NORM_EPSILON(sluice_layer_norm_config, "the variance"),
    SL_OPTION_PER_POSITION(sluice_layer_norm_config),
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("layer_norm", config, plan, why);
    if (given)
        return given;
    const sluice_layer_norm_config *norm = config;
    sluice_status st = sl_norm_check_epsilon("layer_norm", norm->epsilon, why);
    if (st)
        return st;
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
    plan->by_position = norm->per_position;
    plan->saved_row_bytes = sl_size_times(at.n, sizeof(struct sl_moments));
    plan->forward_row_flops = sl_size_times(n, 8);
    plan->input_row_flops = sl_size_times(n, 12);
    plan->weight_row_flops = sl_size_times(n, 5);
    return SLUICE_OK;
}

/* Vectors of all rows, and their width.  A team divides the vectors; the
 * gradients of weight and bias it divides by columns, each a sum over all
 * vectors. */
static struct sl_positions positions_of(const sluice_layer_call *call)
{
    const sluice_layer_norm_config *norm = call->config;
    return sl_positions_of_rows(&call->plan->in, norm->per_position,
                                call->rows);
}

static struct sl_moments *moments_of(const sluice_layer_call *call,
                                     int64_t vector)
{
    return (struct sl_moments *)call->saved + vector;
}

static sluice_status forward(const sluice_layer_call *call)
{
    const sluice_layer_norm_config *norm = call->config;
    struct sl_positions at = positions_of(call);
    struct sl_rows own = sl_team_vectors(call, at.n);
    int64_t first = own.first * at.width;
    sl_normalize_forward(own.n, at.width, sl_norm_epsilon(norm->epsilon),
                         call->x + first, call->params[WEIGHT],
                         call->params[BIAS], moments_of(call, own.first),
                         call->y + first);
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    struct sl_positions at = positions_of(call);
    struct sl_rows own = sl_team_vectors(call, at.n);
    int64_t first = own.first * at.width;
    if (call->dx)
        sl_normalize_backward(own.n, at.width, moments_of(call, own.first),
                              call->params[WEIGHT], call->x + first,
                              call->dy + first, call->dx + first);
    return SLUICE_OK;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    struct sl_positions at = positions_of(call);
    struct sl_rows own = sl_team_share(call, at.width);
    sl_normalize_weight(at.n, own.n, at.width, call->saved, call->x + own.first,
                        call->dy + own.first, call->accumulate,
                        call->grads[WEIGHT] + own.first,
                        call->grads[BIAS] + own.first);
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
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_layer_norm(void)
{
    return &layer_norm_ops;
}
