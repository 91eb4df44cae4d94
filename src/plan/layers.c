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
            .input_row_bytes = in_bytes(plan),
            .saved_row_bytes =
                plan->saved_row_bytes + (kept ? out_bytes(plan) : 0),
            .scratch_row_bytes =
                plan->workspace_row_bytes + 2 * out_bytes(plan),
        };
    }
    return st;
}

/* The longer of computing and of moving. */
static int64_t time_of(const sluice_plan_rates *rates, int64_t flops,
                       int64_t bytes)
{
    double ns = fmax((double)flops / rates->flops_per_ns,
                     (double)bytes / rates->bytes_per_ns);
    return llround(ns);
}

void sluice_plan_model_costs(const sluice_model *model, int64_t rows,
                             const sluice_plan_rates *rates, int64_t *costs_ns)
{
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        int64_t *of = &costs_ns[(size_t)i * SLUICE_N_ACTION_KINDS];
        int64_t weights = param_bytes(plan), out = rows * out_bytes(plan);
        int64_t in = rows * in_bytes(plan),
                saved = rows * plan->saved_row_bytes;
        memset(of, 0, SLUICE_N_ACTION_KINDS * sizeof *of);
        of[SLUICE_F] = time_of(rates, rows * plan->forward_row_flops,
                               weights + in + out + saved);
        of[SLUICE_R] = of[SLUICE_F];
        /* Nothing waits for the gradient of the model's input. */
        if (i > 0)
            of[SLUICE_I] = time_of(rates, rows * plan->input_row_flops,
                                   weights + in + out + saved);
        of[SLUICE_W] = time_of(rates, rows * plan->weight_row_flops,
                               2 * weights + in + out);
        of[SLUICE_B] = of[SLUICE_I] + of[SLUICE_W];
        of[SLUICE_UPDATE] = time_of(rates, 0, 3 * weights);
    }
}
