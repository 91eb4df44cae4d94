/* Bytes and modelled costs of a model's layers.  Any thread. */
#include <sluice/plan.h>

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "nn/model/settle.h"

static int64_t param_bytes(const sluice_layer_plan *plan)
{
    int64_t n = 0;
    for (int p = 0; p < plan->n_params; p++)
        n += sluice_shape_elements(&plan->params[p].shape);
    return n * (int64_t)sizeof(float);
}

static int64_t in_bytes(const sluice_layer_plan *plan)
{
    return sluice_shape_elements(&plan->in) *
           (int64_t)sluice_element_bytes(plan->in_type);
}

static int64_t out_bytes(const sluice_layer_plan *plan)
{
    return sluice_shape_elements(&plan->out) * (int64_t)sizeof(float);
}

/* The state arrays of an optimizer. */
static sluice_status count_states(const sluice_pipeline_config *pipeline,
                                  int *n, sluice_diag *why)
{
    const sluice_optimizer_ops *optimizer = pipeline->optimizer;
    double rate;
    void *copy = sl_alloc(pipeline->allocator, optimizer->config_bytes, 1);
    if (!copy)
        return sl_no_memory(why, "the optimizer's configuration");
    if (pipeline->optimizer_config)
        memcpy(copy, pipeline->optimizer_config, optimizer->config_bytes);
    sluice_status st = sl_optimizer_settle(optimizer, copy, n, &rate, why);
    sl_free(pipeline->allocator, copy, optimizer->config_bytes, 1);
    return st;
}

sluice_status sluice_plan_layers(const sluice_model *model,
                                 const sluice_pipeline_config *pipeline,
                                 sluice_plan_layer *layers, sluice_diag *why)
{
    int n_states;
    if (!pipeline->optimizer)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the bytes of layers need an `optimizer`");
    sluice_status st = count_states(pipeline, &n_states, why);
    int n = sluice_model_n_layers(model);
    for (int i = 0; i < n && !st; i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        bool kept =
            plan->needs_y ||
            (i + 1 < n && sluice_model_layer_plan(model, i + 1)->needs_x);
        layers[i] = (sluice_plan_layer){
            .fixed_bytes = param_bytes(plan) * (2 + n_states),
            .param_bytes = param_bytes(plan),
            .input_row_bytes = in_bytes(plan),
            .saved_row_bytes =
                plan->saved_row_bytes + (kept ? out_bytes(plan) : 0),
            .scratch_row_bytes =
                plan->workspace_row_bytes + 2 * out_bytes(plan),
        };
    }
    return st;
}

/* A layer as one device of the team sees it. */
struct portion {
    const sluice_plan_rates *rates;
    int64_t n;          /* devices that divide it */
    int64_t meeting_ns; /* 0: nothing is divided */
};

/* The longer of computing and of moving: what all devices read, and what each
 * has a part of. */
static int64_t time_of(const struct portion *portion, int64_t flops,
                       int64_t whole, int64_t divided, int meetings)
{
    double n = (double)portion->n;
    double ns = fmax((double)flops / n / portion->rates->flops_per_ns,
                     ((double)whole + (double)divided / n) /
                         portion->rates->bytes_per_ns);
    return llround(ns) + meetings * portion->meeting_ns;
}

static struct portion portion_of(const sluice_plan_rates *rates,
                                 const sluice_layer_ops *ops)
{
    struct portion portion = {rates, 1, 0};
    if (rates->team > 1 && ops->team != SLUICE_TEAM_WHOLE) {
        portion.n = rates->team;
        portion.meeting_ns = rates->meeting_ns;
    }
    return portion;
}

/* What an action reads and writes: its input whole, its weights and its output
 * each a column. */
static void fill(const struct portion *portion, const sluice_layer_plan *plan,
                 int64_t rows, bool first, int64_t *of)
{
    int64_t weights = param_bytes(plan), out = rows * out_bytes(plan);
    int64_t in = rows * in_bytes(plan), saved = rows * plan->saved_row_bytes;
    of[SLUICE_F] = time_of(portion, rows * plan->forward_row_flops, in,
                           weights + out + saved, 1);
    of[SLUICE_R] = of[SLUICE_F];
    /* Nothing waits for the gradient of the model's input. */
    if (!first)
        of[SLUICE_I] = time_of(portion, rows * plan->input_row_flops, out,
                               weights + in + saved, 2);
    of[SLUICE_W] = time_of(portion, rows * plan->weight_row_flops, in,
                           2 * weights + out, 1);
    of[SLUICE_B] = of[SLUICE_I] + of[SLUICE_W];
    of[SLUICE_UPDATE] = time_of(portion, 0, 0, 3 * weights, 0);
    /* Half of the other's is read and added, and half of the sum copied. */
    of[SLUICE_REDUCE_GRAD] = time_of(portion, 0, 0, 5 * weights / 2, 0);
}

void sluice_plan_model_costs(const sluice_model *model, int64_t rows,
                             const sluice_plan_rates *rates, int64_t *costs_ns)
{
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        int64_t *of = &costs_ns[(size_t)i * SLUICE_N_ACTION_KINDS];
        struct portion portion =
            portion_of(rates, sluice_model_layer(model, i));
        memset(of, 0, SLUICE_N_ACTION_KINDS * sizeof *of);
        fill(&portion, sluice_model_layer_plan(model, i), rows, i == 0, of);
    }
}
