/* The model.  The thread that builds it; constant while pipelines run. */
#include "nn/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "nn/model_check.h"

/* In a block of its own: pointers to a plan stay valid when layers are added.
 */
struct layer {
    const sluice_layer_ops *ops;
    void *config; /* ops->config_bytes */
    sluice_layer_plan plan;
};

struct sluice_model {
    const sluice_allocator *allocator;
    sluice_shape input;
    int n_layers;
    size_t capacity;       /* of `layers` */
    struct layer **layers; /* [capacity], n_layers in use */
    int64_t n_parameters;  /* elements */
};

sluice_status sluice_model_create(const sluice_model_config *config,
                                  sluice_model **out, sluice_diag *why)
{
    if (sluice_shape_elements(&config->input) < 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the model's input has no elements, or too many "
                               "to count; set `input` to the shape of a row");
    sluice_model *model = sl_alloc(config->allocator, 1, sizeof *model);
    if (!model)
        return sl_no_memory(why, "a model");
    model->allocator = config->allocator;
    model->input = config->input;
    *out = model;
    return SLUICE_OK;
}

static void free_layer(const sluice_allocator *allocator, struct layer *layer)
{
    sl_free(allocator, layer->config, layer->ops->config_bytes, 1);
    sl_free(allocator, layer, 1, sizeof *layer);
}

void sluice_model_destroy(sluice_model *model)
{
    if (!model)
        return;
    for (int i = 0; i < model->n_layers; i++)
        free_layer(model->allocator, model->layers[i]);
    sl_free(model->allocator, model->layers, model->capacity,
            sizeof *model->layers);
    sl_free(model->allocator, model, 1, sizeof *model);
}

/* Let the layer settle its shapes; it may leave the sentence to us. */
static sluice_status settle(struct layer *layer, const sluice_shape *in,
                            sluice_diag *why)
{
    sluice_diag said = {.text = ""};
    layer->plan.in = *in;
    sluice_status st = layer->ops->infer(layer->config, &layer->plan, &said);
    if (!st)
        return sl_check_layer_plan(layer->ops, &layer->plan, why);
    if (!said.text[0])
        return sluice_diag_set(why, st, "layer %s refused with %s",
                               layer->ops->name, sluice_status_name(st));
    return sluice_diag_set(why, st, "%s", said.text);
}

/* A copy of ops and config, not yet settled; NULL if there is no memory. */
static struct layer *copy_layer(const sluice_allocator *allocator,
                                const sluice_layer_ops *ops, const void *config)
{
    struct layer *layer = sl_alloc(allocator, 1, sizeof *layer);
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

static sluice_status count_parameters(const sluice_layer_plan *plan,
                                      int64_t *total, sluice_diag *why)
{
    for (int p = 0; p < plan->n_params; p++)
        if (__builtin_add_overflow(
                *total, sluice_shape_elements(&plan->params[p].shape), total))
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "the model has too many parameters to "
                                   "count");
    return SLUICE_OK;
}

static sluice_status append(sluice_model *model, struct layer *layer,
                            sluice_diag *why)
{
    sluice_shape in = sluice_model_output(model);
    int64_t total = model->n_parameters;
    sluice_status st = settle(layer, &in, why);
    if (!st)
        st = count_parameters(&layer->plan, &total, why);
    if (st)
        return st;
    void *layers = model->layers;
    st = sl_grow(model->allocator, &layers, &model->capacity,
                 (size_t)model->n_layers + 1, sizeof *model->layers);
    if (st)
        return sl_no_memory(why, "the model's layers");
    model->layers = layers;
    model->layers[model->n_layers++] = layer;
    model->n_parameters = total;
    return SLUICE_OK;
}

sluice_status sluice_model_add(sluice_model *model, const sluice_layer_ops *ops,
                               const void *config, sluice_diag *why)
{
    sluice_status st = sl_check_layer_ops(ops, why);
    if (st)
        return st;
    if (model->n_layers == SLUICE_MODEL_MAX_LAYERS)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a model can have %d layers at most",
                               SLUICE_MODEL_MAX_LAYERS);
    struct layer *layer = copy_layer(model->allocator, ops, config);
    if (!layer)
        return sl_no_memory(why, "a layer");
    st = append(model, layer, why);
    if (st)
        free_layer(model->allocator, layer);
    return st;
}

int sluice_model_n_layers(const sluice_model *model)
{
    return model->n_layers;
}

const sluice_layer_ops *sluice_model_layer(const sluice_model *model, int i)
{
    return model->layers[i]->ops;
}

const sluice_layer_plan *sluice_model_layer_plan(const sluice_model *model,
                                                 int i)
{
    return &model->layers[i]->plan;
}

const void *sl_model_layer_config(const sluice_model *model, int i)
{
    return model->layers[i]->config;
}

sluice_shape sluice_model_input(const sluice_model *model)
{
    return model->input;
}

sluice_shape sluice_model_output(const sluice_model *model)
{
    if (model->n_layers == 0)
        return model->input;
    return model->layers[model->n_layers - 1]->plan.out;
}

int64_t sluice_model_n_parameters(const sluice_model *model)
{
    return model->n_parameters;
}
