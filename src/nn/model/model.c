/* The model.  The thread that builds it; constant while pipelines run. */
#include "nn/model/model.h"

#include "base/memory.h"
#include "nn/across/skip_end.h"
#include "nn/layers/composite.h"
#include "nn/model/element_check.h"
#include "nn/model/model_check.h"
#include "nn/model/model_data.h"
#include "nn/model/model_layer.h"

sluice_status sluice_model_create(const sluice_model_config *config,
                                  sluice_model **out, sluice_diag *why)
{
    if (config->input.n_dims == 0 || sluice_shape_elements(&config->input) < 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the model's input has no elements, or too many "
                               "to count; set `input` to the shape of a row, "
                               "to sluice_shape_vector(1) for one number");
    sluice_element type = config->input_type;
    if (type != SLUICE_UNTYPED && type != SLUICE_F32 && type != SLUICE_I32)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the model's input has elements of type %s; set "
                               "`input_type` to SLUICE_F32 or SLUICE_I32",
                               sluice_element_name(type));
    sluice_model *model = sl_alloc(config->allocator, 1, sizeof *model);
    if (!model)
        return sl_no_memory(why, "a model");
    model->allocator = config->allocator;
    model->input = config->input;
    model->input_type = type ? type : SLUICE_F32;
    *out = model;
    return SLUICE_OK;
}

void sluice_model_destroy(sluice_model *model)
{
    if (!model)
        return;
    while (model->open) {
        struct sl_layer *layer = model->open;
        const struct sl_composite *composite = layer->config;
        model->open = composite->outer;
        sl_layer_free(model->allocator, layer);
    }
    sl_layers_free(model->allocator, &model->layers);
    sl_free(model->allocator, model->skips.at, model->skips.capacity,
            sizeof *model->skips.at);
    sl_free(model->allocator, model, 1, sizeof *model);
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

/* The list that grows: the model's, or that of the composite under way. */
static struct sl_layer_list *growing(sluice_model *model)
{
    if (!model->open)
        return &model->layers;
    struct sl_composite *composite = model->open->config;
    return &composite->inside;
}

static sluice_status push(const sluice_allocator *allocator,
                          struct sl_layer_list *list, struct sl_layer *layer,
                          sluice_diag *why)
{
    void *at = list->at;
    sluice_status st = sl_grow(allocator, &at, &list->capacity,
                               (size_t)list->n + 1, sizeof *list->at);
    if (st)
        return sl_no_memory(why, "the model's layers");
    list->at = at;
    list->at[list->n++] = layer;
    return SLUICE_OK;
}

/* Whether the next layer, `ops`, is handed what it takes. */
static sluice_status check_type(const sluice_model *model,
                                const sluice_layer_ops *ops,
                                sluice_element takes, sluice_diag *why)
{
    const struct sl_source_of_rows before = {
        .input = model->input_type,
        .layers = &model->layers,
        .open = model->open,
    };
    return sl_check_element(&before, ops, takes, why);
}

/* A layer inside a composite draws its random numbers by a number of its own,
 * which no layer of the model has. */
static sluice_status append(sluice_model *model, const sluice_shape *in,
                            struct sl_layer *layer, sluice_diag *why)
{
    int64_t total = model->n_parameters;
    sluice_status st = sl_layer_settle(model->allocator, layer, in, why);
    if (!st)
        st = check_type(model, layer->ops, layer->plan.in_type, why);
    if (!st && !model->open)
        st = count_parameters(&layer->plan, &total, why);
    if (!st)
        st = push(model->allocator, growing(model), layer, why);
    if (st)
        return st;
    model->n_parameters = total;
    if (model->open)
        layer->number = SLUICE_MODEL_MAX_LAYERS + model->n_inside++;
    return SLUICE_OK;
}

static sluice_status check_room(const sluice_model *model, sluice_diag *why)
{
    int n = model->open ? model->n_inside : model->layers.n;
    if (n < SLUICE_MODEL_MAX_LAYERS)
        return SLUICE_OK;
    return sluice_diag_set(
        why, SLUICE_INVALID, "a model can have %d layers at most%s",
        SLUICE_MODEL_MAX_LAYERS, model->open ? " inside others" : "");
}

sluice_status sluice_model_add(sluice_model *model, const sluice_layer_ops *ops,
                               const void *config, sluice_diag *why)
{
    sluice_status st = sl_check_layer_ops(ops, why);
    if (!st)
        st = check_room(model, why);
    if (st)
        return st;
    if (sl_is_composite(ops))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s holds other layers; make it with "
                               "sluice_model_begin() and sluice_model_end()",
                               ops->name);
    if (sl_is_skip_end(ops) && model->open)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s inside another layer: what goes to another "
                               "stage has to be a layer of the model",
                               ops->name);
    sluice_shape in = sluice_model_output(model), skip;
    st = sl_skips_prepare(&model->skips, &model->layers, ops, config,
                          model->allocator, &skip, why);
    if (st)
        return st;
    struct sl_layer *layer = sl_layer_create(model->allocator, ops, config);
    if (!layer)
        return sl_no_memory(why, "a layer");
    layer->plan.skip = skip;
    st = append(model, &in, layer, why);
    if (st)
        sl_layer_free(model->allocator, layer);
    else if (sl_is_skip_end(ops))
        sl_skips_note(&model->skips, &model->layers);
    return st;
}

sluice_status sluice_model_begin(sluice_model *model,
                                 const sluice_layer_ops *ops, sluice_diag *why)
{
    if (!ops || !sl_is_composite(ops))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %s holds no others; begin a layer of "
                               "sluice/composite_layers.h, and add the rest",
                               ops && ops->name ? ops->name : "?");
    if (ops != sluice_sequence()) {
        sluice_status st = check_type(model, ops, SLUICE_F32, why);
        if (st)
            return st;
    }
    sluice_shape in = sluice_model_output(model);
    struct sl_layer *layer = sl_layer_create(model->allocator, ops, NULL);
    if (!layer)
        return sl_no_memory(why, "a layer");
    layer->plan.in = in;
    struct sl_composite *composite = layer->config;
    composite->ops = ops;
    composite->is_residual = ops == sluice_residual();
    composite->is_parallel = ops == sluice_branches() || ops == sluice_concat();
    composite->outer = model->open;
    model->open = layer;
    return SLUICE_OK;
}

sluice_status sluice_model_end(sluice_model *model, sluice_diag *why)
{
    struct sl_layer *layer = model->open;
    if (!layer)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "no layer is begun that could be ended");
    struct sl_composite *composite = layer->config;
    sluice_shape in = layer->plan.in;
    model->open = composite->outer;
    sluice_status st = check_room(model, why);
    if (!st)
        st = append(model, &in, layer, why);
    if (st)
        model->open = layer;
    return st;
}

static sluice_status refuse_tie(const char *name, const char *first,
                                const char *because, sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_INVALID,
                           "parameter %.60s cannot be tied to %.60s: %s", name,
                           first, because);
}

/* Whether `use` can be one with `first`. */
static sluice_status check_tie(const sluice_model *model, const char *name,
                               const char *to, struct sl_parameter_use use,
                               struct sl_parameter_use first, sluice_diag *why)
{
    const sluice_param_spec *spec = sl_model_spec(model, use);
    if (spec->tied)
        return refuse_tie(name, to, "it is tied already", why);
    if (first.layer > use.layer ||
        (first.layer == use.layer && first.param >= use.param))
        return refuse_tie(name, to,
                          "the second one must be of a layer before it; "
                          "exchange the names",
                          why);
    if (!sluice_shape_equal(&spec->shape, &sl_model_spec(model, first)->shape))
        return refuse_tie(name, to, "their shapes differ", why);
    return SLUICE_OK;
}

sluice_status sluice_model_tie(sluice_model *model, const char *name,
                               const char *first, sluice_diag *why)
{
    struct sl_parameter_use use, to;
    sluice_status st = sl_model_find_use(model, name, &use, why);
    if (!st)
        st = sl_model_find_use(model, first, &to, why);
    if (st)
        return st;
    to = sl_model_first_use(model, to);
    st = check_tie(model, name, first, use, to, why);
    if (st)
        return st;
    for (int i = use.layer; i < model->layers.n; i++) {
        sluice_layer_plan *plan = &model->layers.at[i]->plan;
        for (int p = 0; p < plan->n_params; p++) {
            sluice_param_spec *spec = &plan->params[p];
            bool is_use = i == use.layer && p == use.param;
            bool follows = spec->tied && spec->first_layer == use.layer &&
                           spec->first_param == use.param;
            if (!is_use && !follows)
                continue;
            spec->tied = true;
            spec->first_layer = to.layer;
            spec->first_param = to.param;
        }
    }
    model->n_parameters -=
        sluice_shape_elements(&sl_model_spec(model, use)->shape);
    return SLUICE_OK;
}

bool sluice_model_is_open(const sluice_model *model)
{
    return model->open;
}

int sluice_model_n_layers(const sluice_model *model)
{
    return model->layers.n;
}

const sluice_layer_ops *sluice_model_layer(const sluice_model *model, int i)
{
    return model->layers.at[i]->ops;
}

const sluice_layer_plan *sluice_model_layer_plan(const sluice_model *model,
                                                 int i)
{
    return &model->layers.at[i]->plan;
}

const struct sl_layer_list *sl_model_layers(const sluice_model *model)
{
    return &model->layers;
}

sluice_status sl_model_check_skips(const sluice_model *model, sluice_diag *why)
{
    for (int i = 0; i < model->skips.n; i++) {
        const struct sl_skip *skip = &model->skips.at[i];
        const char *name = sl_skip_name(&model->layers, skip->stash);
        if (skip->pop < 0)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "layer %d is stash(%s), and no layer pops "
                                   "it; add pop(%s)",
                                   skip->stash, name, name);
    }
    return SLUICE_OK;
}

const struct sl_skip_list *sl_model_skips(const sluice_model *model)
{
    return &model->skips;
}

const void *sl_model_layer_config(const sluice_model *model, int i)
{
    return model->layers.at[i]->config;
}

sluice_shape sluice_model_input(const sluice_model *model)
{
    return model->input;
}

sluice_element sluice_model_input_type(const sluice_model *model)
{
    return model->input_type;
}

int64_t sl_model_input_row_bytes(const sluice_model *model)
{
    return sluice_shape_elements(&model->input) *
           (int64_t)sluice_element_bytes(model->input_type);
}

sluice_shape sluice_model_output(const sluice_model *model)
{
    const struct sl_layer_list *list = &model->layers;
    sluice_shape in = model->input;
    if (model->open) {
        const struct sl_composite *composite = model->open->config;
        in = model->open->plan.in;
        if (composite->is_parallel)
            return in;
        list = &composite->inside;
    }
    return list->n > 0 ? list->at[list->n - 1]->plan.out : in;
}

int64_t sluice_model_n_parameters(const sluice_model *model)
{
    return model->n_parameters;
}
