/* A layer with its plan.  The thread that builds the model. */
#include "nn/model/model_layer.h"

#include <string.h>

#include "base/memory.h"
#include "nn/across/skip_end.h"
#include "nn/model/model_check.h"

struct sl_layer *sl_layer_create(const sluice_allocator *allocator,
                                 const sluice_layer_ops *ops,
                                 const void *config)
{
    struct sl_layer *layer = sl_alloc(allocator, 1, sizeof *layer);
    if (!layer)
        return NULL;
    layer->ops = ops;
    layer->config = sl_alloc(allocator, ops->config_bytes, 1);
    if (!layer->config) {
        sl_free(allocator, layer, 1, sizeof *layer);
        return NULL;
    }
    if (config)
        memcpy(layer->config, config, ops->config_bytes);
    return layer;
}

/* The arrays of a layer's plan. */
static void free_specs(const sluice_allocator *allocator,
                       sluice_layer_plan *plan)
{
    sl_free(allocator, plan->params, (size_t)plan->n_params,
            sizeof *plan->params);
    sl_free(allocator, plan->products, (size_t)plan->n_products,
            sizeof *plan->products);
    plan->params = NULL;
    plan->n_params = 0;
    plan->products = NULL;
    plan->n_products = 0;
}

/* Room for so many of each, or nothing and false. */
static bool alloc_specs(const sluice_allocator *allocator, int n_params,
                        int n_products, sluice_layer_plan *plan)
{
    plan->n_params = n_params;
    plan->n_products = n_products;
    plan->params = sl_alloc(allocator, (size_t)n_params, sizeof *plan->params);
    plan->products =
        sl_alloc(allocator, (size_t)n_products, sizeof *plan->products);
    if (plan->params && plan->products)
        return true;
    free_specs(allocator, plan);
    return false;
}

void sl_layer_free(const sluice_allocator *allocator, struct sl_layer *layer)
{
    if (sl_is_composite(layer->ops)) {
        struct sl_composite *composite = layer->config;
        sl_layers_free(allocator, &composite->inside);
    }
    free_specs(allocator, &layer->plan);
    sl_free(allocator, layer->config, layer->ops->config_bytes, 1);
    sl_free(allocator, layer, 1, sizeof *layer);
}

void sl_layers_free(const sluice_allocator *allocator,
                    struct sl_layer_list *list)
{
    for (int i = 0; i < list->n; i++)
        sl_layer_free(allocator, list->at[i]);
    sl_free(allocator, list->at, list->capacity, sizeof(struct sl_layer *));
}

/* Let the layer fill `plan`; it may leave the sentence to us.  `in` and the
 * arrays of `room` are ours: infer() may have cleared them by assigning the
 * whole plan. */
static sluice_status infer(const struct sl_layer *layer, const sluice_shape *in,
                           const sluice_layer_plan *room,
                           sluice_layer_plan *plan, sluice_diag *why)
{
    sluice_diag said = {.text = ""};
    *plan = (sluice_layer_plan){.in = *in,
                                .skip = layer->plan.skip,
                                .params = room->params,
                                .products = room->products};
    sluice_status st = layer->ops->infer(layer->config, plan, &said);
    plan->in = *in;
    plan->params = room->params;
    plan->products = room->products;
    if (!sl_is_skip_end(layer->ops) || layer->plan.skip.n_dims)
        plan->skip = layer->plan.skip;
    if (plan->in_type == SLUICE_UNTYPED)
        plan->in_type = SLUICE_F32;
    if (!st)
        return sl_check_layer_plan(layer->ops, plan, why);
    if (!said.text[0])
        return sluice_diag_set(why, st, "layer %s refused with %s",
                               layer->ops->name, sluice_status_name(st));
    return sluice_diag_set(why, st, "%.*s", SLUICE_DIAG_TEXT - 1, said.text);
}

/* Make `plan`, whose arrays lie in borrowed room, the layer's own. */
static sluice_status keep_plan(const sluice_allocator *allocator,
                               struct sl_layer *layer,
                               const sluice_layer_plan *plan, sluice_diag *why)
{
    sluice_layer_plan own = *plan;
    if (!alloc_specs(allocator, plan->n_params, plan->n_products, &own))
        return sl_no_memory(why, "a layer's plan");
    memcpy(own.params, plan->params, (size_t)own.n_params * sizeof *own.params);
    for (int p = 0; p < own.n_params; p++)
        own.params[p].tied = false; /* the model says so later */
    memcpy(own.products, plan->products,
           (size_t)own.n_products * sizeof *own.products);
    layer->plan = own;
    return SLUICE_OK;
}

/* Room for all that infer() may describe. */
static bool alloc_room(const sluice_allocator *allocator,
                       const struct sl_layer *layer, sluice_layer_plan *room)
{
    int n_params = SLUICE_LAYER_MAX_PARAMS;
    int n_products = SLUICE_LAYER_MAX_PRODUCTS;
    if (sl_is_composite(layer->ops)) {
        n_params = sl_composite_n_params(layer->config);
        n_products = sl_composite_n_products(layer->config);
    }
    return alloc_specs(allocator, n_params, n_products, room);
}

sluice_status sl_layer_settle(const sluice_allocator *allocator,
                              struct sl_layer *layer, const sluice_shape *in,
                              sluice_diag *why)
{
    sluice_layer_plan plan, room = {.in = *in};
    free_specs(allocator, &layer->plan);
    if (!alloc_room(allocator, layer, &room))
        return sl_no_memory(why, "a layer's plan");
    sluice_status st = infer(layer, in, &room, &plan, why);
    if (!st)
        st = keep_plan(allocator, layer, &plan, why);
    free_specs(allocator, &room);
    return st;
}
