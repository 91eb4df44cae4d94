/* A layer that takes a set time and no core.  The stage's device. */
#include <sluice/layer.h>

#include <inttypes.h>
#include <string.h>

#include "nn/rows/given.h"
#include "nn/team/team.h"
#include "nn/timed/timed_cell.h"

static const sluice_option options[] = {
    SL_TIMED_OPTION("forward-ns", "time of a forward", sluice_timed_config,
                    forward_ns),
    SL_TIMED_OPTION("input-ns", "time of an input gradient",
                    sluice_timed_config, input_ns),
    SL_TIMED_OPTION("weight-ns", "time of a weight gradient",
                    sluice_timed_config, weight_ns),
    SL_TIMED_OPTION("recompute-ns", "time of a forward that is made again",
                    sluice_timed_config, recompute_ns),
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("timed", config, plan, why);
    if (given)
        return given;
    const sluice_timed_config *timed = config;
    if (timed->forward_ns < 0 || timed->input_ns < 0 || timed->weight_ns < 0 ||
        timed->recompute_ns < 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "timed: times of %" PRId64 ", %" PRId64
                               ", %" PRId64 " and %" PRId64
                               " ns; none can be negative",
                               timed->forward_ns, timed->input_ns,
                               timed->weight_ns, timed->recompute_ns);
    plan->out = plan->in;
    plan->n_params = 1;
    plan->params[0] = (sluice_param_spec){
        .name = "scale",
        .shape = plan->in,
        .init = SLUICE_INIT_ONE,
        .divided = true,
    };
    plan->needs_x = true;
    plan->joins_rows = true;
    return SLUICE_OK;
}

/* The last dim of the input, of which a team divides the columns, and how many
 * vectors of it a row has. */
struct vectors {
    int64_t width;
    int64_t per_row;
    struct sl_rows own; /* columns of the device */
};

static struct vectors vectors_of(const sluice_layer_call *call)
{
    const sluice_shape *in = &call->plan->in;
    int64_t width = in->dims[in->n_dims - 1];
    return (struct vectors){
        .width = width,
        .per_row = sluice_shape_elements(in) / width,
        .own = sl_team_share(call, width),
    };
}

/* to = from * scale */
static void scale_rows(const sluice_layer_call *call, const float *from,
                       float *to)
{
    struct vectors v = vectors_of(call);
    for (int64_t k = 0; k < call->rows * v.per_row; k++) {
        const float *scale = call->params[0] + k % v.per_row * v.own.n;
        int64_t at = k * v.width + v.own.first;
        for (int64_t i = 0; i < v.own.n; i++)
            to[at + i] = from[at + i] * scale[i];
    }
}

static void add_gradient(const sluice_layer_call *call)
{
    struct vectors v = vectors_of(call);
    int64_t n = v.per_row * v.own.n;
    if (!call->accumulate && n > 0)
        memset(call->grads[0], 0, (size_t)n * sizeof *call->grads[0]);
    for (int64_t k = 0; k < call->rows * v.per_row; k++) {
        float *g = call->grads[0] + k % v.per_row * v.own.n;
        int64_t at = k * v.width + v.own.first;
        for (int64_t i = 0; i < v.own.n; i++)
            g[i] += call->x[at + i] * call->dy[at + i];
    }
}

static sluice_status forward(const sluice_layer_call *call)
{
    const sluice_timed_config *timed = call->config;
    struct sl_timed_cell cell = sl_timed_begin();
    scale_rows(call, call->x, call->y);
    sl_timed_end(call, cell,
                 call->recompute ? timed->recompute_ns : timed->forward_ns);
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    const sluice_timed_config *timed = call->config;
    struct sl_timed_cell cell = sl_timed_begin();
    if (call->dx)
        scale_rows(call, call->dy, call->dx);
    sl_timed_end(call, cell, timed->input_ns);
    return SLUICE_OK;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    const sluice_timed_config *timed = call->config;
    struct sl_timed_cell cell = sl_timed_begin();
    add_gradient(call);
    sl_timed_end(call, cell, timed->weight_ns);
    return SLUICE_OK;
}

static const sluice_layer_ops timed_ops = {
    .name = "timed",
    .config_bytes = sizeof(sluice_timed_config),
    .help = "takes a set time and no core, for measuring schedules",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_timed(void)
{
    return &timed_ops;
}
