/* Names of PyTorch's.  Any thread; no state. */
#include "nn/presets/torch_name.h"

#include <stdio.h>
#include <string.h>

#include <sluice/across_layers.h>
#include <sluice/options.h>
#include <sluice/sequence_layers.h>

#include "nn/layers/composite.h"
#include "nn/model/model.h"

/* Of torch.nn.MultiheadAttention. */
static const char *const attention_names[][2] = {
    {"qkv_weight", "in_proj_weight"},
    {"qkv_bias", "in_proj_bias"},
    {"out_weight", "out_proj.weight"},
    {"out_bias", "out_proj.bias"},
};

/* activate and glu, which have the option too, are no more than that. */
static bool has_activation(const struct sl_layer *layer)
{
    const sluice_option_table table = {layer->ops->name, layer->ops->options,
                                       layer->ops->n_options};
    const sluice_option *option = sluice_option_find(&table, "activation");
    return layer->plan.n_params && option &&
           sluice_option_get(option, layer->config) != SLUICE_IDENTITY;
}

static int module_of(const struct sl_layer_list *list, int k)
{
    int module = k;
    for (int i = 0; i < k; i++)
        module += has_activation(list->at[i]);
    return module;
}

static const char *leaf_of(const struct sl_layer *layer, int param)
{
    enum { N = sizeof attention_names / sizeof *attention_names };
    const char *ours = layer->plan.params[param].name;
    for (int i = 0; layer->ops == sluice_attention() && i < N; i++)
        if (!strcmp(attention_names[i][0], ours))
            return attention_names[i][1];
    return ours;
}

/* The layer inside a composite that a parameter of it belongs to. */
static int holder_of(const struct sl_layer_list *inside, int param)
{
    int k = 0;
    while (k + 1 < inside->n && inside->at[k + 1]->place.first_param <= param)
        k++;
    return k;
}

/* Step into a composite: the layer inside that has its parameter `*param`,
 * which becomes that of the layer; `*k` is its place. */
static const struct sl_layer *enter(const struct sl_layer_list **list,
                                    const struct sl_layer *at, int *param,
                                    int *k)
{
    const struct sl_composite *composite = at->config;
    *list = &composite->inside;
    *k = holder_of(*list, *param);
    *param -= (*list)->at[*k]->place.first_param;
    return (*list)->at[*k];
}

void sl_torch_name(const sluice_model *model, int layer, int param,
                   char name[SL_TORCH_NAME])
{
    const struct sl_layer_list *list = sl_model_layers(model);
    size_t n = 0;
    int k = layer;
    const struct sl_layer *at = list->at[k];
    n += (size_t)snprintf(name, SL_TORCH_NAME, "%d.", module_of(list, k));
    while (sl_is_composite(at->ops)) {
        at = enter(&list, at, &param, &k);
        n += (size_t)snprintf(name + n, SL_TORCH_NAME - n, "%d.",
                              module_of(list, k));
    }
    snprintf(name + n, SL_TORCH_NAME - n, "%s", leaf_of(at, param));
}

bool sl_torch_is_transposed(const sluice_model *model, int layer, int param)
{
    const struct sl_layer_list *list = sl_model_layers(model);
    const struct sl_layer *at = list->at[layer];
    int k;
    while (sl_is_composite(at->ops))
        at = enter(&list, at, &param, &k);
    bool is_product = false;
    for (int i = 0; i < at->plan.n_products; i++)
        is_product = is_product || at->plan.products[i].param == param;
    return is_product && at->ops != sluice_head() &&
           at->plan.params[param].shape.n_dims == 2;
}
