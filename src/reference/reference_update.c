/* The sequential reference: what an update means, tensor by tensor. */
#include "reference/reference.h"

#include <stdio.h>
#include <string.h>

#include "base/finite.h"
#include "nn/model/settle.h"

enum { TENSOR_NAME = SLUICE_PARAM_NAME + 12 };

/* A parameter tensor's call, and what it points to. */
struct update {
    sluice_optimizer_call call;
    char name[TENSOR_NAME];
};

static void make_update(struct update *update,
                        const struct sluice_reference *ref, int i, int p,
                        int tensor, uint64_t number)
{
    const struct sl_reference_layer *layer = &ref->layers[i];
    const struct sl_reference_param *param = &layer->params[p];
    const sluice_param_spec *spec = &layer->plan->params[p];
    snprintf(update->name, sizeof update->name, "%d.%s", i, spec->name);
    update->call = (sluice_optimizer_call){
        .config = ref->optimizer_config,
        .learning_rate = ref->learning_rate,
        .step = number,
        .n = param->n,
        .w = param->w,
        .g = param->g,
        .name = update->name,
        .shape = &spec->shape,
        .layer = i,
        .param = p,
        .tensor = tensor,
    };
    memcpy(update->call.state, param->state, sizeof update->call.state);
}

static bool is_statistic(const struct sluice_reference *ref, int i, int p)
{
    return ref->layers[i].plan->params[p].statistic;
}

/* The terms of all tensors that are learned, one after the other. */
static double measure(const struct sluice_reference *ref, uint64_t number)
{
    double total = 0;
    for (int i = 0, tensor = 0; i < ref->n_layers; i++)
        for (int p = 0; p < ref->layers[i].plan->n_params; p++, tensor++) {
            if (ref->layers[i].params[p].first)
                continue;
            struct update update;
            if (is_statistic(ref, i, p))
                continue;
            make_update(&update, ref, i, p, tensor, number);
            total += ref->optimizer->measure(&update.call);
        }
    return total;
}

static sluice_status check_gradient(const struct sluice_reference *ref, int i,
                                    int p, sluice_diag *why)
{
    const struct sl_reference_layer *layer = &ref->layers[i];
    if (ref->finite < SLUICE_FINITE_GRADIENTS)
        return SLUICE_OK;
    return sl_check_finite("the gradient of parameter",
                           layer->plan->params[p].name, layer->params[p].g,
                           layer->params[p].n, why);
}

sluice_status sl_reference_prepare(struct sluice_reference *ref,
                                   uint64_t number, sluice_diag *why)
{
    ref->total = 0;
    if (sl_optimizer_wants_total(ref->optimizer, ref->optimizer_config))
        ref->total = measure(ref, number);
    for (int i = 0, tensor = 0; i < ref->n_layers; i++)
        for (int p = 0; p < ref->layers[i].plan->n_params; p++, tensor++) {
            if (ref->layers[i].params[p].first)
                continue;
            struct update update;
            make_update(&update, ref, i, p, tensor, number);
            update.call.total = ref->total;
            update.call.why = why;
            sluice_status st = check_gradient(ref, i, p, why);
            if (!st && ref->optimizer->prepare && !is_statistic(ref, i, p))
                st = ref->optimizer->prepare(&update.call);
            if (st)
                return st;
        }
    return SLUICE_OK;
}

/* The statistics of a layer from their sums. */
static void take_over(const struct sl_reference_layer *layer)
{
    for (int p = 0; p < layer->plan->n_params; p++) {
        layer->newest[p] = layer->params[p].w;
        layer->grads[p] = layer->params[p].g;
    }
    const sluice_statistics_call call = {
        .config = layer->config,
        .plan = layer->plan,
        .params = layer->newest,
        .sums = (const float *const *)layer->grads,
    };
    if (layer->ops->update_statistics)
        layer->ops->update_statistics(&call);
}

void sl_reference_apply(struct sluice_reference *ref, uint64_t number)
{
    for (int i = 0, tensor = 0; i < ref->n_layers; i++)
        for (int p = 0; p < ref->layers[i].plan->n_params; p++, tensor++) {
            if (ref->layers[i].params[p].first)
                continue;
            struct update update;
            if (is_statistic(ref, i, p))
                continue;
            make_update(&update, ref, i, p, tensor, number);
            update.call.total = ref->total;
            ref->optimizer->apply(&update.call);
        }
    for (int i = 0; i < ref->n_layers; i++)
        take_over(&ref->layers[i]);
    sl_reference_forget(ref);
}
