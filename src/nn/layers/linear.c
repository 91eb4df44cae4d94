/* The linear layer, with its bias and activation.  The stage's device. */
#include <sluice/layer.h>

#include <float.h>
#include <inttypes.h>

#include "nn/layers/activation.h"
#include "nn/layers/positions.h"
#include "nn/rows/given.h"
#include "nn/team/team.h"
#include "tensor/column_sums.h"
#include "tensor/gemm.h"

enum { WEIGHT, BIAS };

static const char *init_word(int i)
{
    /* SLUICE_INIT_ZERO stands for what suits the activation. */
    static const char *const words[] = {"auto", "one", "he", "xavier",
                                        "normal"};
    return i < (int)(sizeof words / sizeof *words) ? words[i] : NULL;
}

static const sluice_option options[] = {
    {
        .name = "out",
        .help = "elements of a row of the output",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_linear_config, out),
        .bytes = sizeof(int64_t),
        .required = true,
        .min = 1,
        .max = SL_GEMM_MAX_SIZE,
    },
    {
        .name = "activation",
        .help = "what is applied to each element",
        .type = SLUICE_OPTION_CHOICE,
        .offset = offsetof(sluice_linear_config, activation),
        .bytes = sizeof(sluice_activation),
        .choice = sl_activation_word,
    },
    {
        .name = "init",
        .help = "how the weights start; auto: as suits the activation",
        .type = SLUICE_OPTION_CHOICE,
        .offset = offsetof(sluice_linear_config, init),
        .bytes = sizeof(sluice_init),
        .choice = init_word,
    },
    {
        .name = "no-bias",
        .help = "nothing is added to x * weight",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_linear_config, no_bias),
        .bytes = sizeof(bool),
    },
    SL_OPTION_PER_POSITION(sluice_linear_config),
    {
        .name = "std",
        .help = "weights start normal with this standard deviation; 0: as "
                "init says",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_linear_config, std),
        .bytes = sizeof(float),
        .max = FLT_MAX,
    },
};

/* A standard deviation belongs to weights that start normal. */
static sluice_status check_std(const sluice_linear_config *config,
                               sluice_diag *why)
{
    bool is_normal = config->init == SLUICE_INIT_NORMAL;
    if (!(config->std >= 0 && config->std <= FLT_MAX))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "linear: weights that start with standard "
                               "deviation %g; set `std` to 0 or more",
                               (double)config->std);
    if (is_normal ? config->std > 0 : config->std == 0 || !config->init)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "linear: init %s with std %g; give std with init "
                           "normal, and with no other",
                           init_word((int)config->init), (double)config->std);
}

static sluice_status check(const sluice_linear_config *config,
                           struct sl_positions at, sluice_diag *why)
{
    int64_t in = at.width;
    if (at.n > SL_GEMM_MAX_SIZE)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "linear: %" PRId64
                               " positions in a row; 1 to %d are possible",
                               at.n, SL_GEMM_MAX_SIZE);
    if (in < 1 || in > SL_GEMM_MAX_SIZE)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "linear: an input of %" PRId64
                               " elements; 1 to %d are possible",
                               in, SL_GEMM_MAX_SIZE);
    if (config->out < 1 || config->out > SL_GEMM_MAX_SIZE)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "linear: %" PRId64
                               " outputs; set `out` to 1 to %d",
                               config->out, SL_GEMM_MAX_SIZE);
    sluice_shape weight = sluice_shape_matrix(in, config->out);
    if (sluice_shape_elements(&weight) < 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "linear: a weight of %" PRId64 " x %" PRId64
                               " has too many elements to count",
                               in, config->out);
    if (!sl_activation_get(config->activation))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "linear: %d is not a sluice_activation",
                               (int)config->activation);
    if ((unsigned)config->init > SLUICE_INIT_NORMAL)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "linear: %d is not a sluice_init",
                               (int)config->init);
    return check_std(config, why);
}

static sluice_init init_of(const sluice_linear_config *config,
                           const struct sl_activation *act)
{
    if (config->std > 0)
        return SLUICE_INIT_NORMAL;
    return config->init ? config->init : act->init;
}

/* All positions of a row. */
static void add_costs(struct sl_positions at, int64_t out,
                      const struct sl_activation *act, sluice_layer_plan *plan)
{
    int64_t product = sl_size_times(2 * at.width, out);
    int64_t forward = sl_size_plus(product, (1 + act->flops) * out);
    int64_t input = sl_size_plus(product, act->flops * out);
    int64_t saved = act->from_z ? out * (int64_t)sizeof(float) : 0;
    plan->saved_row_bytes = sl_size_times(at.n, saved);
    plan->forward_row_flops = sl_size_times(at.n, forward);
    plan->input_row_flops = sl_size_times(at.n, input);
    plan->weight_row_flops = sl_size_times(at.n, sl_size_plus(product, out));
}

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("linear", config, plan, why);
    if (given)
        return given;
    const sluice_linear_config *linear = config;
    struct sl_positions at = sl_positions_of(&plan->in, linear->per_position);
    int64_t in = at.width;
    sluice_status st = check(linear, at, why);
    if (st)
        return st;
    const struct sl_activation *act = sl_activation_get(linear->activation);
    int64_t out = linear->out;
    plan->out = sluice_shape_vector(out);
    if (linear->per_position) {
        plan->out = plan->in;
        plan->out.dims[plan->out.n_dims - 1] = out;
    }
    plan->by_position = linear->per_position;
    plan->n_params = linear->no_bias ? 1 : 2;
    plan->params[WEIGHT] = (sluice_param_spec){
        .name = "weight",
        .shape = sluice_shape_matrix(in, out),
        .init = init_of(linear, act),
        .fan_in = in,
        .fan_out = out,
        .std = (double)linear->std,
        .divided = true,
    };
    if (!linear->no_bias)
        plan->params[BIAS] = (sluice_param_spec){
            .name = "bias",
            .shape = sluice_shape_vector(out),
            .divided = true,
        };
    plan->n_products = 1;
    plan->products[0] = (sluice_product_spec){WEIGHT, in, out, at.n};
    plan->needs_x = true;
    plan->needs_y = act->from_y;
    plan->joins_rows = true;
    add_costs(at, out, act, plan);
    return SLUICE_OK;
}

static int64_t out_of(const sluice_layer_call *call)
{
    return call->plan->products[0].out;
}

/* Vectors of all rows. */
static int64_t vectors_of(const sluice_layer_call *call)
{
    return sl_size_times(call->rows, call->plan->products[0].rows_per_row);
}

static const struct sl_activation *activation_of(const sluice_layer_call *call)
{
    const sluice_linear_config *linear = call->config;
    return sl_activation_get(linear->activation);
}

static sluice_status finish(const sluice_layer_call *call, sluice_status st)
{
    if (!st)
        return SLUICE_OK;
    if (st != SLUICE_INVALID)
        return sluice_diag_set(call->why, st,
                               "linear: the library of matrix products refused "
                               "one: %s",
                               sluice_status_name(st));
    return sluice_diag_set(call->why, st,
                           "linear: %" PRId64
                           " rows in a micro-batch; 1 to %d are possible",
                           vectors_of(call), SL_GEMM_MAX_SIZE);
}

/* The activation of this device's columns, all at once or row by row. */
static void activate(const sluice_layer_call *call, float *z)
{
    const struct sl_activation *act = activation_of(call);
    const float *bias = call->plan->n_params > BIAS ? call->params[BIAS] : NULL;
    int64_t out = out_of(call), vectors = vectors_of(call);
    struct sl_rows own = sl_team_share(call, out);
    if (own.n == out) {
        act->forward(vectors, out, z, bias, z, call->y);
        return;
    }
    for (int64_t at = own.first; at < vectors * out; at += out)
        act->forward(1, own.n, z + at, bias, z + at, call->y + at);
}

/* dy becomes dz = dy * act'(z), in the same columns. */
static void differentiate(const sluice_layer_call *call)
{
    const struct sl_activation *act = activation_of(call);
    const float *z = act->from_z ? call->saved : call->y;
    int64_t out = out_of(call), vectors = vectors_of(call);
    struct sl_rows own = sl_team_share(call, out);
    if (own.n == out) {
        act->backward(vectors * out, z, call->dy, call->dy);
        return;
    }
    for (int64_t at = own.first; at < vectors * out; at += out)
        act->backward(own.n, z + at, call->dy + at, call->dy + at);
}

/* z = x * weight goes to where it is needed later: `saved`, or y. */
static sluice_status forward(const sluice_layer_call *call)
{
    float *z = activation_of(call)->from_z ? call->saved : call->y;
    sluice_status st = sluice_product_forward(call, 0, call->x, z);
    if (!st)
        activate(call, z);
    return finish(call, st);
}

/* backward_weight() needs dz as well.  For dx each device needs all of it. */
static sluice_status backward_input(const sluice_layer_call *call)
{
    differentiate(call);
    if (!call->dx)
        return SLUICE_OK;
    sluice_status st = sluice_team_meet(call);
    return st ? st
              : finish(call, sluice_product_input(call, 0, call->dy, call->dx));
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    int64_t out = out_of(call);
    struct sl_rows own = sl_team_share(call, out);
    sluice_status st = sluice_product_weight(
        call, 0, call->x, call->dy, call->accumulate, call->grads[WEIGHT]);
    if (!st && call->plan->n_params > BIAS)
        sl_column_sums_strided(vectors_of(call), own.n, call->dy + own.first,
                               out, call->accumulate, call->grads[BIAS]);
    return finish(call, st);
}

static const sluice_layer_ops linear_ops = {
    .name = "linear",
    .config_bytes = sizeof(sluice_linear_config),
    .help = "a matrix product with a bias and an activation",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_linear(void)
{
    return &linear_ops;
}
