/* Embedding: rows of a table by integers.  The stage's device. */
#include <sluice/layer.h>

#include <float.h>
#include <inttypes.h>
#include <string.h>

#include "nn/rows/given.h"
#include "nn/team/team.h"
#include "tensor/elementwise.h"

static const sluice_option options[] = {
    {
        .name = "vocabulary",
        .help = "rows of the table; tokens are below",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_embedding_config, vocabulary),
        .bytes = sizeof(int64_t),
        .required = true,
        .min = 1,
        .max = INT32_MAX,
    },
    {
        .name = "width",
        .help = "elements of a row of the table",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_embedding_config, width),
        .bytes = sizeof(int64_t),
        .required = true,
        .min = 1,
        .max = INT32_MAX,
    },
    {
        .name = "std",
        .help = "the table starts normal with this standard deviation; 0 "
                "stands for 1",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_embedding_config, std),
        .bytes = sizeof(float),
        .max = FLT_MAX,
    },
};

static sluice_status check(const sluice_embedding_config *config,
                           const sluice_shape *in, sluice_diag *why)
{
    if (config->vocabulary < 1 || config->vocabulary > INT32_MAX ||
        config->width < 1 || config->width > INT32_MAX)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "embedding: a vocabulary of %" PRId64
                               " and a width of %" PRId64 "; give 1 to %" PRId32
                               " each",
                               config->vocabulary, config->width, INT32_MAX);
    if (!(config->std >= 0 && config->std <= FLT_MAX))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "embedding: a table that starts with standard "
                               "deviation %g; set `std` to 0 or more",
                               (double)config->std);
    if (in->n_dims == SLUICE_MAX_DIMS)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "embedding: an input of %d dims; it adds one, "
                               "and a shape has at most %d",
                               in->n_dims, SLUICE_MAX_DIMS);
    return SLUICE_OK;
}

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("embedding", config, plan, why);
    if (given)
        return given;
    const sluice_embedding_config *embedding = config;
    sluice_status st = check(embedding, &plan->in, why);
    if (st)
        return st;
    plan->in_type = SLUICE_I32;
    plan->out = plan->in;
    plan->out.dims[plan->out.n_dims++] = embedding->width;
    plan->n_params = 1;
    plan->params[0] = (sluice_param_spec){
        .name = "weight",
        .shape = sluice_shape_matrix(embedding->vocabulary, embedding->width),
        .init = SLUICE_INIT_NORMAL,
        .std = embedding->std > 0 ? (double)embedding->std : 1,
        .divided = true,
    };
    plan->by_position = true;
    plan->needs_x = true;
    plan->weight_row_flops = sluice_shape_elements(&plan->out);
    return SLUICE_OK;
}

static int64_t tokens_of_row(const sluice_layer_call *call)
{
    return sluice_shape_elements(&call->plan->in);
}

static sluice_status refuse(const sluice_layer_call *call, int64_t i)
{
    const sluice_embedding_config *embedding = call->config;
    int64_t n = tokens_of_row(call);
    return sluice_diag_set(call->why, SLUICE_INVALID,
                           "embedding: element %" PRId64 " of row %" PRId64
                           " of the mini-batch is %" PRId32
                           "; a vocabulary of %" PRId64
                           " has tokens from 0 to %" PRId64,
                           i % n, call->first_row + i / n, call->x_int32[i],
                           embedding->vocabulary, embedding->vocabulary - 1);
}

/* The row of the table for token number `at` of x, wherever it lies: of a
 * team's device its own columns.  Rows that are cut have all of them. */
static const float *row_of(const sluice_layer_call *call, int64_t at,
                           struct sl_rows own)
{
    const sluice_embedding_config *embedding = call->config;
    int64_t width = embedding->width;
    const sluice_row_parts *parts = call->parts;
    int32_t token = call->x_int32[at];
    int i = 0;
    if (!parts)
        return call->params[0] + token * own.n;
    while (token >= parts->first[i + 1])
        i++;
    if (parts->found && parts->found[i])
        return parts->found[i] + at * width + own.first;
    return parts->rows[i] + (token - parts->first[i]) * width + own.first;
}

static sluice_status forward(const sluice_layer_call *call)
{
    const sluice_embedding_config *embedding = call->config;
    int64_t width = embedding->width;
    struct sl_rows own = sl_team_share(call, width);
    for (int64_t i = 0; i < call->rows * tokens_of_row(call); i++) {
        int32_t token = call->x_int32[i];
        if (token < 0 || token >= embedding->vocabulary)
            return refuse(call, i);
        memcpy(call->y + i * width + own.first, row_of(call, i, own),
               (size_t)own.n * sizeof *call->y);
    }
    return SLUICE_OK;
}

/* Integers have no gradient: dx is never asked for. */
static sluice_status backward_input(const sluice_layer_call *call)
{
    (void)call;
    return SLUICE_OK;
}

/* A token that occurs again adds to the same row, in the order of the rows; of
 * a team each device has its columns of the table. */
static void add_rows(const sluice_layer_call *call, int64_t first, int64_t n)
{
    const sluice_embedding_config *embedding = call->config;
    int64_t width = embedding->width;
    struct sl_rows own = sl_team_share(call, width);
    float *g = call->grads[0];
    if (!call->accumulate)
        memset(g, 0, (size_t)(n * own.n) * sizeof *g);
    for (int64_t i = 0; i < call->rows * tokens_of_row(call); i++) {
        int64_t row = call->x_int32[i] - first;
        if (row >= 0 && row < n)
            sl_add(own.n, call->dy + i * width + own.first, g + row * own.n);
    }
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    const sluice_embedding_config *embedding = call->config;
    int64_t width = embedding->width;
    struct sl_rows own =
        sl_team_vectors(call, call->rows * tokens_of_row(call));
    if (call->parts)
        memcpy(call->parts->dy + own.first * width,
               call->dy + own.first * width,
               (size_t)(own.n * width) * sizeof *call->dy);
    else
        add_rows(call, 0, embedding->vocabulary);
    return SLUICE_OK;
}

static const sluice_layer_ops embedding_ops = {
    .name = "embedding",
    .config_bytes = sizeof(sluice_embedding_config),
    .help = "a row of a table for each integer of the input",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
    .add_rows = add_rows,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_embedding(void)
{
    return &embedding_ops;
}
