/* Learned positions.  The stage's device. */
#include <sluice/sequence_layers.h>

#include <float.h>
#include <inttypes.h>
#include <string.h>

#include "nn/rows/given.h"
#include "nn/team/team.h"
#include "tensor/column_sums.h"
#include "tensor/elementwise.h"

static const double usual_std = 0.02; /* of GPT-2 */

static const sluice_option options[] = {
    {
        .name = "context",
        .help = "positions of the table; 0: as many as a row has",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_position_embedding_config, context),
        .bytes = sizeof(int64_t),
        .max = INT32_MAX,
    },
    {
        .name = "std",
        .help = "the table starts normal with this standard deviation; 0 "
                "stands for 0.02",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_position_embedding_config, std),
        .bytes = sizeof(float),
        .max = FLT_MAX,
    },
};

static sluice_status check(const sluice_position_embedding_config *config,
                           const sluice_shape *in, sluice_diag *why)
{
    if (in->n_dims != 2)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "position_embedding: an input of %d dims; it "
                               "takes rows of positions x width, as an "
                               "embedding of a vector of tokens makes them",
                               in->n_dims);
    if (config->context && config->context < in->dims[0])
        return sluice_diag_set(why, SLUICE_INVALID,
                               "position_embedding: a row has %" PRId64
                               " positions and the table %" PRId64
                               "; set `context` to at least as many, or to 0",
                               in->dims[0], config->context);
    if (!(config->std >= 0 && config->std <= FLT_MAX))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "position_embedding: a table that starts with "
                               "standard deviation %g; set `std` to 0 or more",
                               (double)config->std);
    return SLUICE_OK;
}

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given =
        sl_layer_given("position_embedding", config, plan, why);
    if (given)
        return given;
    const sluice_position_embedding_config *embedding = config;
    sluice_status st = check(embedding, &plan->in, why);
    if (st)
        return st;
    int64_t n = sluice_shape_elements(&plan->in);
    int64_t context =
        embedding->context ? embedding->context : plan->in.dims[0];
    plan->out = plan->in;
    plan->n_params = 1;
    plan->params[0] = (sluice_param_spec){
        .name = "weight",
        .shape = sluice_shape_matrix(context, plan->in.dims[1]),
        .init = SLUICE_INIT_NORMAL,
        .std = embedding->std > 0 ? (double)embedding->std : usual_std,
        .divided = true,
    };
    plan->by_position = embedding->context > 0;
    plan->forward_row_flops = n;
    plan->weight_row_flops = n;
    return SLUICE_OK;
}

/* A row's positions, and this device's columns of each. */
struct table {
    int64_t positions;
    int64_t width;
    struct sl_rows own;
};

static struct table table_of(const sluice_layer_call *call)
{
    const sluice_shape *in = &call->plan->in;
    return (struct table){in->dims[0], in->dims[1],
                          sl_team_share(call, in->dims[1])};
}

static sluice_status forward(const sluice_layer_call *call)
{
    struct table t = table_of(call);
    const float *first =
        call->params[0] + call->position * t.positions * t.own.n;
    for (int64_t i = 0; i < call->rows * t.positions; i++) {
        int64_t at = i * t.width + t.own.first;
        memcpy(call->y + at, call->x + at, (size_t)t.own.n * sizeof *call->y);
        sl_add(t.own.n, first + i % t.positions * t.own.n, call->y + at);
    }
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    struct sl_rows own = sl_team_share(
        call, call->rows * sluice_shape_elements(&call->plan->in));
    if (call->dx)
        memcpy(call->dx + own.first, call->dy + own.first,
               (size_t)own.n * sizeof *call->dx);
    return SLUICE_OK;
}

/* Positions of the table beyond those of a row have no gradient. */
static sluice_status backward_weight(const sluice_layer_call *call)
{
    struct table t = table_of(call);
    int64_t all = call->plan->params[0].shape.dims[0];
    float *g = call->grads[0];
    for (int64_t p = 0; p < t.positions; p++)
        sl_column_sums_strided(
            call->rows, t.own.n, call->dy + p * t.width + t.own.first,
            t.positions * t.width, call->accumulate, g + p * t.own.n);
    if (!call->accumulate)
        memset(g + t.positions * t.own.n, 0,
               (size_t)((all - t.positions) * t.own.n) * sizeof *g);
    return SLUICE_OK;
}

static const sluice_layer_ops position_embedding_ops = {
    .name = "position_embedding",
    .config_bytes = sizeof(sluice_position_embedding_config),
    .help = "a vector of its own is added at each position of a row",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_position_embedding(void)
{
    return &position_embedding_ops;
}
