/* A tensor that comes from an earlier layer, too.  The stage's device. */
#include <sluice/across_layers.h>

#include <inttypes.h>
#include <string.h>

#include "nn/rows/given.h"
#include "nn/team/team.h"
#include "tensor/elementwise.h"

static const sluice_option options[] = {
    {
        .name = "name",
        .help = "of the stash that it takes",
        .type = SLUICE_OPTION_NAME,
        .offset = offsetof(sluice_pop_config, name),
        .bytes = SLUICE_SKIP_NAME,
        .required = true,
    },
    {
        .name = "concat",
        .help = "behind x along the first dimension, in place of x + stash",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_pop_config, concat),
        .bytes = sizeof(bool),
    },
};

static sluice_status check_sum(const sluice_layer_plan *plan, sluice_diag *why)
{
    int64_t in = sluice_shape_elements(&plan->in);
    int64_t skip = sluice_shape_elements(&plan->skip);
    if (in == skip)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "pop: x has %" PRId64
                           " elements and the stash %" PRId64
                           "; x + stash needs as many, or say concat",
                           in, skip);
}

static sluice_status concatenate(sluice_layer_plan *plan, sluice_diag *why)
{
    plan->out = plan->in;
    plan->out.dims[0] = plan->skip.dims[0];
    if (!sluice_shape_equal(&plan->out, &plan->skip))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "pop: x and the stash differ in another "
                               "dimension than the first; concat needs the "
                               "others equal");
    if (plan->in.dims[0] > INT64_MAX / 4 || plan->skip.dims[0] > INT64_MAX / 4)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "pop: x and the stash have too many elements "
                               "to count");
    plan->out.dims[0] = plan->in.dims[0] + plan->skip.dims[0];
    return SLUICE_OK;
}

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("pop", config, plan, why);
    if (given)
        return given;
    const sluice_pop_config *pop = config;
    plan->forward_row_flops =
        pop->concat ? 0 : sluice_shape_elements(&plan->in);
    plan->out = plan->in;
    return pop->concat ? concatenate(plan, why) : check_sum(plan, why);
}

/* Elements of a row of x, and of the stash. */
static int64_t n_x(const sluice_layer_call *call)
{
    return sluice_shape_elements(&call->plan->in);
}

static int64_t n_skip(const sluice_layer_call *call)
{
    return sluice_shape_elements(&call->plan->skip);
}

static bool concats(const sluice_layer_call *call)
{
    const sluice_pop_config *pop = call->config;
    return pop->concat;
}

/* Of n elements, at `from` and `to`, this device's. */
static void copy(const sluice_layer_call *call, const float *from, int64_t n,
                 float *to)
{
    struct sl_rows own = sl_team_share(call, n);
    memcpy(to + own.first, from + own.first, (size_t)own.n * sizeof *to);
}

/* y = x + stash */
static void add_up(const sluice_layer_call *call)
{
    int64_t n = call->rows * n_x(call);
    struct sl_rows own = sl_team_share(call, n);
    copy(call, call->x, n, call->y);
    sl_add(own.n, call->skip + own.first, call->y + own.first);
}

static sluice_status forward(const sluice_layer_call *call)
{
    int64_t x = n_x(call), skip = n_skip(call);
    if (!concats(call)) {
        add_up(call);
        return SLUICE_OK;
    }
    for (int64_t r = 0; r < call->rows; r++) {
        float *y = call->y + r * (x + skip);
        copy(call, call->x + r * x, x, y);
        copy(call, call->skip + r * skip, skip, y + x);
    }
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    int64_t x = n_x(call), skip = n_skip(call);
    int64_t stride = concats(call) ? x + skip : x;
    for (int64_t r = 0; r < call->rows; r++) {
        const float *dy = call->dy + r * stride;
        if (call->dx)
            copy(call, dy, x, call->dx + r * x);
        copy(call, concats(call) ? dy + x : dy, skip, call->skip + r * skip);
    }
    return SLUICE_OK;
}

static const sluice_layer_ops pop_ops = {
    .name = "pop",
    .config_bytes = sizeof(sluice_pop_config),
    .help = "x and the tensor of the stash of that name",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_pop(void)
{
    return &pop_ops;
}
