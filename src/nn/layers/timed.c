/* A layer that takes a set time and no core.  The stage's device. */
#include <sluice/layer.h>

#include <inttypes.h>
#include <string.h>

#include "nn/rows/given.h"
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
    };
    plan->needs_x = true;
    plan->joins_rows = true;
    return SLUICE_OK;
}

static int64_t n_elements(const sluice_layer_call *call)
{
    return sluice_shape_elements(&call->plan->in);
}

/* to = from * scale */
static void scale_rows(const sluice_layer_call *call, const float *from,
                       float *to)
{
    int64_t n = n_elements(call);
    for (int64_t r = 0; r < call->rows; r++)
        for (int64_t i = 0; i < n; i++)
            to[r * n + i] = from[r * n + i] * call->params[0][i];
}

static void add_gradient(const sluice_layer_call *call)
{
    int64_t n = n_elements(call);
    float *g = call->grads[0];
    if (!call->accumulate)
        memset(g, 0, (size_t)n * sizeof *g);
    for (int64_t r = 0; r < call->rows; r++)
        for (int64_t i = 0; i < n; i++)
            g[i] += call->x[r * n + i] * call->dy[r * n + i];
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
};

const sluice_layer_ops *sluice_timed(void)
{
    return &timed_ops;
}
