/* A model without its last end.  The thread that builds it. */
#include "nn/across/body.h"

#include <string.h>

#include "base/memory.h"
#include "nn/model/model_data.h"
#include "nn/model/model_layer.h"

/* What a layer holds, if it is a sequence; else NULL. */
static const struct sl_layer_list *inside_of(const struct sl_layer *layer)
{
    const struct sl_composite *composite = layer->config;
    return layer->ops == sluice_sequence() ? &composite->inside : NULL;
}

static struct sl_end_layer end_of(const sluice_model *model, int layer,
                                  bool last)
{
    const struct sl_layer *at = model->layers.at[layer];
    const struct sl_layer_list *inside = inside_of(at);
    struct sl_end_layer end = {.layer = layer};
    for (int i = 0; i < layer; i++)
        end.number += model->layers.at[i]->plan.n_params;
    if (inside) {
        at = inside->at[last ? inside->n - 1 : 0];
        end.param = at->place.first_param;
    }
    end.number += end.param;
    end.ops = at->ops;
    end.config = at->config;
    end.plan = &at->plan;
    return end;
}

struct sl_end_layer sl_model_first_end(const sluice_model *model)
{
    return end_of(model, 0, false);
}

struct sl_end_layer sl_model_last_end(const sluice_model *model)
{
    return end_of(model, model->layers.n - 1, true);
}

const sluice_param_spec *sl_end_spec(const sluice_model *model,
                                     const struct sl_end_layer *end)
{
    return &model->layers.at[end->layer]->plan.params[end->param];
}

static void free_shortened(const sluice_allocator *allocator,
                           struct sl_layer *layer)
{
    struct sl_composite *composite = layer->config;
    for (int i = 0; i < composite->inside.n; i++)
        sl_free(allocator, composite->inside.at[i], 1, sizeof *layer);
    sl_free(allocator, composite->inside.at, composite->inside.capacity,
            sizeof(struct sl_layer *));
    composite->inside = (struct sl_layer_list){0};
    sl_layer_free(allocator, layer);
}

/* Copy what a composite has of its layers, which are shared, to `list`. */
static sluice_status copy_layers(const sluice_allocator *allocator,
                                 const struct sl_layer_list *from, int n,
                                 struct sl_layer_list *list)
{
    *list = (struct sl_layer_list){
        .at = sl_alloc(allocator, (size_t)n, sizeof(struct sl_layer *)),
        .capacity = (size_t)n,
    };
    if (!list->at)
        return SLUICE_NO_MEMORY;
    for (; list->n < n; list->n++) {
        list->at[list->n] = sl_alloc(allocator, 1, sizeof(struct sl_layer));
        if (!list->at[list->n])
            return SLUICE_NO_MEMORY;
        *list->at[list->n] = *from->at[list->n];
    }
    return SLUICE_OK;
}

/* A sequence without the last of several layers.  They save in other places
 * than in the whole one, and have its parameters, ties included. */
static sluice_status shorten(const sluice_allocator *allocator,
                             const struct sl_layer *whole,
                             struct sl_layer **out, sluice_diag *why)
{
    const struct sl_layer_list *inside = inside_of(whole);
    struct sl_layer *layer =
        sl_layer_create(allocator, whole->ops, whole->config);
    if (!layer)
        return sl_no_memory(why, "the layers of the stages");
    struct sl_composite *composite = layer->config;
    sluice_status st =
        copy_layers(allocator, inside, inside->n - 1, &composite->inside);
    if (st)
        sl_no_memory(why, "the layers of the stages");
    else
        st = sl_layer_settle(allocator, layer, &whole->plan.in, why);
    if (st) {
        free_shortened(allocator, layer);
        return st;
    }
    memcpy(layer->plan.params, whole->plan.params,
           (size_t)layer->plan.n_params * sizeof *layer->plan.params);
    *out = layer;
    return SLUICE_OK;
}

/* Of the body: whether its last layer is a sequence of its own. */
static bool is_shortened(const sluice_model *body)
{
    return (size_t)body->layers.n == body->layers.capacity;
}

sluice_status sl_model_body_create(const sluice_model *model,
                                   const sluice_allocator *allocator,
                                   sluice_model **out, sluice_diag *why)
{
    int n = model->layers.n;
    const struct sl_layer *last = model->layers.at[n - 1];
    const struct sl_layer_list *inside = inside_of(last);
    bool shortens = inside && inside->n > 1;
    sluice_model *body = sl_alloc(allocator, 1, sizeof *body);
    if (!body)
        return sl_no_memory(why, "the layers of the stages");
    *body = *model;
    body->allocator = allocator;
    body->layers = (struct sl_layer_list){
        .at = sl_alloc(allocator, (size_t)n, sizeof(struct sl_layer *)),
        .capacity = (size_t)n,
        .n = n - 1,
    };
    sluice_status st = SLUICE_OK;
    if (!body->layers.at)
        st = sl_no_memory(why, "the layers of the stages");
    for (int i = 0; i < n - 1 && !st; i++)
        body->layers.at[i] = model->layers.at[i];
    if (!st && shortens) {
        st = shorten(allocator, last, &body->layers.at[n - 1], why);
        body->layers.n += !st;
    }
    if (st)
        sl_model_body_destroy(body);
    else
        *out = body;
    return st;
}

void sl_model_body_destroy(sluice_model *body)
{
    if (!body)
        return;
    if (is_shortened(body))
        free_shortened(body->allocator, body->layers.at[body->layers.n - 1]);
    sl_free(body->allocator, body->layers.at, body->layers.capacity,
            sizeof(struct sl_layer *));
    sl_free(body->allocator, body, 1, sizeof *body);
}
