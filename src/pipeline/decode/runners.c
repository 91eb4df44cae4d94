/* Which process runs each layer.  The caller, between steps. */
#include "pipeline/decode/runners.h"

#include "pipeline/pieces/holding.h"

static struct sl_tensor_item item_in(int layer)
{
    return (struct sl_tensor_item){.layer = layer, .state = SL_VALUES};
}

int sl_runner_holder(const sluice_pipeline *pipe, int process, int layer)
{
    int n = sl_n_holders(&pipe->blueprint.grid), h = 0;
    while (h < n && sl_holding_process(pipe, h, item_in(layer)) != process)
        h++;
    return h < n ? h : -1;
}

/* How many layers from `layer` on a process has. */
static int run_length(const sluice_pipeline *pipe, int process, int layer)
{
    int n_layers = sluice_model_n_layers(pipe->blueprint.model), n = 0;
    while (layer + n < n_layers &&
           sl_runner_holder(pipe, process, layer + n) >= 0)
        n++;
    return n;
}

/* Runs as long as they can be: then there are as few as there can be. */
static void follow_holders(const sluice_pipeline *pipe, int *runners)
{
    int n_layers = sluice_model_n_layers(pipe->blueprint.model);
    for (int i = 0, longest; i < n_layers; i += longest) {
        longest = 0;
        for (int h = 0; h < sl_n_holders(&pipe->blueprint.grid); h++) {
            int process = sl_holding_process(pipe, h, item_in(i));
            int n = run_length(pipe, process, i);
            for (int k = 0; k < n && n > longest; k++)
                runners[i + k] = process;
            longest = n > longest ? n : longest;
        }
    }
}

static int64_t elements_of(const sluice_layer_plan *plan)
{
    int64_t n = 0;
    for (int p = 0; p < plan->n_params; p++)
        n += sluice_shape_elements(&plan->params[p].shape);
    return n;
}

/* Each layer goes where its middle lies. */
static void share_out(const sluice_pipeline *pipe, int *runners)
{
    const sluice_model *model = pipe->blueprint.model;
    int n_layers = sluice_model_n_layers(model);
    int n = pipe->blueprint.processes.n;
    double all = 0, before = 0;
    for (int i = 0; i < n_layers; i++)
        all += (double)elements_of(sluice_model_layer_plan(model, i));
    for (int i = 0; i < n_layers; i++) {
        double its = (double)elements_of(sluice_model_layer_plan(model, i));
        double at = all > 0 ? (before + its / 2) / all * n : 0;
        runners[i] = at < n ? (int)at : n - 1;
        before += its;
    }
}

void sl_find_runners(const sluice_pipeline *pipe, int *runners)
{
    if (pipe->world && pipe->blueprint.updates.brings)
        share_out(pipe, runners);
    else
        follow_holders(pipe, runners);
}
