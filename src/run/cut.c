/* Which layers go to which stage.  The thread that creates the pipeline. */
#include "run/cut.h"

#include <sluice/partition.h>

#include "base/memory.h"
#include "run/profile.h"

/* What a cost is computed from. */
struct costing {
    const sluice_pipeline_config *config;
    const sluice_model *model;
    int64_t rows; /* of a micro-batch */
    int n_states;
};

typedef sluice_status cost_function(const struct costing *costing,
                                    double *costs, sluice_diag *why);

/* Floating-point operations of forward and backward, per row. */
static sluice_status flops(const struct costing *costing, double *costs,
                           sluice_diag *why)
{
    (void)why;
    for (int i = 0; i < sluice_model_n_layers(costing->model); i++) {
        const sluice_layer_plan *plan =
            sluice_model_layer_plan(costing->model, i);
        costs[i] =
            (double)plan->forward_row_flops + (double)plan->weight_row_flops;
        if (i > 0) /* nobody wants the gradient of the data */
            costs[i] += (double)plan->input_row_flops;
    }
    return SLUICE_OK;
}

/* Parameters, gradients, states, and the activations of a mini-batch. */
static sluice_status bytes(const struct costing *costing, double *costs,
                           sluice_diag *why)
{
    (void)why;
    double rows = (double)costing->config->batch;
    for (int i = 0; i < sluice_model_n_layers(costing->model); i++) {
        const sluice_layer_plan *plan =
            sluice_model_layer_plan(costing->model, i);
        double n_params = 0;
        for (int p = 0; p < plan->n_params; p++)
            n_params += (double)sluice_shape_elements(&plan->params[p].shape);
        double row = 4.0 * (double)sluice_shape_elements(&plan->out) +
                     (double)plan->saved_row_bytes;
        costs[i] = 4.0 * (2 + costing->n_states) * n_params + rows * row;
    }
    return SLUICE_OK;
}

static sluice_status time_ns(const struct costing *costing, double *costs,
                             sluice_diag *why)
{
    return sl_profile_model(costing->model, costing->rows,
                            costing->config->allocator, costs, why);
}

static cost_function *const cost_functions[] = {
    [SLUICE_CUT_FLOPS] = flops,
    [SLUICE_CUT_TIME] = time_ns,
    [SLUICE_CUT_BYTES] = bytes,
};

static sluice_status cut_by_cost(const struct costing *costing, int n_stages,
                                 int *stage_layers, sluice_diag *why)
{
    int n = sluice_model_n_layers(costing->model);
    const sluice_allocator *allocator = costing->config->allocator;
    double *costs = sl_alloc(allocator, (size_t)n, sizeof *costs);
    if (!costs)
        return sl_no_memory(why, "the costs of the layers");
    sluice_status st =
        cost_functions[costing->config->cut](costing, costs, why);
    if (!st)
        st = sluice_partition_minimax(costs, n, n_stages, allocator,
                                      stage_layers, why);
    sl_free(allocator, costs, (size_t)n, sizeof *costs);
    return st;
}

static sluice_status cut_by_list(const sluice_pipeline_config *config,
                                 int n_layers, int n_stages, int *stage_layers,
                                 sluice_diag *why)
{
    if (!config->partition)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "SLUICE_CUT_LIST needs `partition`, the number "
                               "of layers of each of the %d stages",
                               n_stages);
    sluice_status st =
        sluice_partition_check(n_layers, n_stages, config->partition, why);
    for (int s = 0; s < n_stages && !st; s++)
        stage_layers[s] = config->partition[s];
    return st;
}

sluice_status sl_cut_model(const sluice_pipeline_config *config,
                           const sluice_model *model, int n_stages,
                           int64_t microbatch_rows, int n_states,
                           int *stage_layers, sluice_diag *why)
{
    int n_layers = sluice_model_n_layers(model);
    if (config->cut == SLUICE_CUT_LIST)
        return cut_by_list(config, n_layers, n_stages, stage_layers, why);
    /* Also says whether there are enough layers at all. */
    sluice_status st =
        sluice_partition_uniform(n_layers, n_stages, stage_layers, why);
    if (st || config->cut == SLUICE_CUT_UNIFORM)
        return st;
    struct costing costing = {config, model, microbatch_rows, n_states};
    return cut_by_cost(&costing, n_stages, stage_layers, why);
}
