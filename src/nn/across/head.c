/* The head: scores of all tokens by a table of rows.  The stage's device. */
#include <sluice/across_layers.h>

#include <float.h>
#include <inttypes.h>

#include "nn/layers/positions.h"
#include "nn/rows/given.h"
#include "tensor/gemm.h"

enum { WEIGHT };

static const sluice_option options[] = {
    {
        .name = "vocabulary",
        .help = "rows of the table; elements of a position of the output",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_head_config, vocabulary),
        .bytes = sizeof(int64_t),
        .required = true,
        .min = 1,
        .max = SL_GEMM_MAX_SIZE,
    },
    {
        .name = "std",
        .help = "the table starts normal with this standard deviation; 0: as "
                "a linear layer does",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_head_config, std),
        .bytes = sizeof(float),
        .max = FLT_MAX,
    },
};

static sluice_status check(const sluice_head_config *head,
                           struct sl_positions at, sluice_diag *why)
{
    sluice_shape table = sluice_shape_matrix(head->vocabulary, at.width);
    if (head->vocabulary < 1 || head->vocabulary > SL_GEMM_MAX_SIZE ||
        at.width > SL_GEMM_MAX_SIZE || at.n > SL_GEMM_MAX_SIZE ||
        sluice_shape_elements(&table) < 1)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "head: a vocabulary of %" PRId64 " and %" PRId64
            " vectors of %" PRId64 "; 1 to %d are possible, and a table whose "
            "elements can be counted",
            head->vocabulary, at.n, at.width, SL_GEMM_MAX_SIZE);
    if (!(head->std >= 0 && head->std <= FLT_MAX))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "head: weights that start with a standard "
                               "deviation %g; set `std` to 0 or more",
                               (double)head->std);
    return SLUICE_OK;
}

static sluice_param_spec table(const sluice_head_config *head, int64_t width)
{
    return (sluice_param_spec){
        .name = "weight",
        .shape = sluice_shape_matrix(head->vocabulary, width),
        .init = head->std > 0 ? SLUICE_INIT_NORMAL : SLUICE_INIT_XAVIER,
        .fan_in = width,
        .fan_out = head->vocabulary,
        .std = (double)head->std,
        .divided = true,
    };
}

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("head", config, plan, why);
    if (given)
        return given;
    const sluice_head_config *head = config;
    struct sl_positions at = sl_positions_of(&plan->in, true);
    sluice_status st = check(head, at, why);
    if (st)
        return st;
    plan->out = plan->in;
    plan->out.dims[plan->out.n_dims - 1] = head->vocabulary;
    plan->by_position = true;
    plan->n_params = 1;
    plan->params[WEIGHT] = table(head, at.width);
    plan->n_products = 1;
    plan->products[0] =
        (sluice_product_spec){WEIGHT, head->vocabulary, at.width, at.n};
    plan->needs_x = true;
    plan->joins_rows = true;
    int64_t flops =
        sl_size_times(at.n, sl_size_times(2 * at.width, head->vocabulary));
    plan->forward_row_flops = flops;
    plan->input_row_flops = flops;
    plan->weight_row_flops = flops;
    return SLUICE_OK;
}

static sluice_status finish(const sluice_layer_call *call, sluice_status st)
{
    if (!st)
        return SLUICE_OK;
    return sluice_diag_set(call->why, st,
                           "head: the product of %" PRId64 " rows of %" PRId64
                           " positions failed: %s",
                           call->rows, call->plan->products[0].rows_per_row,
                           sluice_status_name(st));
}

/* The table lies [vocabulary][width]: a product's w as the backward of a linear
 * layer reads it, so forward and input gradient change places.  Of a team each
 * device has columns of the table, as of an embedding's, and makes the scores
 * of some rows. */
static sluice_status forward(const sluice_layer_call *call)
{
    return finish(call, sluice_product_input(call, 0, call->x, call->y));
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    if (!call->dx)
        return SLUICE_OK;
    return finish(call, sluice_product_forward(call, 0, call->dy, call->dx));
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    return finish(call,
                  sluice_product_weight(call, 0, call->dy, call->x,
                                        call->accumulate, call->grads[WEIGHT]));
}

static void part(const void *config, int64_t n, void *part)
{
    (void)config;
    sluice_head_config *head = part;
    head->vocabulary = n;
}

static const sluice_layer_ops head_ops = {
    .name = "head",
    .config_bytes = sizeof(sluice_head_config),
    .help = "a score for each row of a table, which can be an embedding's",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
    .part = part,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_head(void)
{
    return &head_ops;
}
