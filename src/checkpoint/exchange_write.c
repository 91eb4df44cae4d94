/* Writing weights for PyTorch.  The thread that owns the pipeline. */
#include "checkpoint/exchange_write.h"

#include <string.h>

#include "base/finite.h"
#include "base/memory.h"
#include "checkpoint/outgoing.h"
#include "data/safetensors/safetensors_write.h"
#include "pipeline/parameters.h"

/* A file that is being made. */
struct writing {
    struct sl_exchange exchange;
    const sluice_pipeline *pipe;
    const sluice_allocator *allocator;
    struct sl_saved_tensor *tensors; /* [n_tensors] */
    struct sl_exchange_part *parts;  /* [n_tensors]: their names */
    float *turned;   /* [n_turned]: what lies in another order */
    float *gathered; /* [n_gathered]: what devices hold parts of */
    size_t n_tensors;
    size_t n_turned;
    size_t n_gathered;
};

/* A parameter, tied or not. */
typedef sluice_status on_parameter(struct writing *w, int layer, int param,
                                   sluice_diag *why);

static sluice_status each_parameter(struct writing *w, on_parameter *does,
                                    sluice_diag *why)
{
    const sluice_model *model = w->exchange.model;
    sluice_status st = SLUICE_OK;
    w->n_tensors = w->n_turned = w->n_gathered = 0;
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int p = 0; p < plan->n_params && !st; p++)
            st = does(w, i, p, why);
    }
    return st;
}

/* The tensor of a parameter, of a tied one that of the first use. */
static sluice_state_tensor tensor_of(const struct writing *w, int layer,
                                     int param)
{
    const sluice_param_spec *spec =
        &sluice_model_layer_plan(w->exchange.model, layer)->params[param];
    sluice_state_tensor at = {.state = 0};
    int first_layer = spec->tied ? spec->first_layer : layer;
    int first_param = spec->tied ? spec->first_param : param;
    bool is_there;
    do
        is_there = sluice_pipeline_next_tensor(w->pipe, &at);
    while (is_there && (at.state >= 0 || at.parameter.layer != first_layer ||
                        at.parameter.index != first_param));
    return at;
}

static sluice_status count(struct writing *w, int layer, int param,
                           sluice_diag *why)
{
    struct sl_exchange_part parts[SL_PUBLISHED_PARTS];
    int n = sl_exchange_parts(&w->exchange, layer, param, parts);
    const sluice_state_tensor at = tensor_of(w, layer, param);
    (void)why;
    if (!sl_pipeline_tensor(w->pipe, 0, &at))
        w->n_gathered += (size_t)at.parameter.n;
    for (int i = 0; i < n; i++)
        if (!parts[i].is_whole)
            w->n_turned += (size_t)sluice_shape_elements(&parts[i].shape);
    w->n_tensors += (size_t)n;
    return SLUICE_OK;
}

/* Where the elements of a parameter lie, or are gathered. */
static const float *elements_of(struct writing *w, int layer, int param,
                                sluice_diag *why)
{
    const sluice_state_tensor at = tensor_of(w, layer, param);
    const float *elements = sl_pipeline_tensor(w->pipe, 0, &at);
    if (!elements) {
        elements = w->gathered + w->n_gathered;
        sl_pipeline_copy_tensor(w->pipe, &at, w->gathered + w->n_gathered);
        w->n_gathered += (size_t)at.parameter.n;
    }
    return sl_check_finite("parameter", at.name, elements, at.parameter.n, why)
               ? NULL
               : elements;
}

static sluice_status list(struct writing *w, int layer, int param,
                          sluice_diag *why)
{
    struct sl_exchange_part *parts = w->parts + w->n_tensors;
    const float *elements = elements_of(w, layer, param, why);
    if (!elements)
        return SLUICE_NOT_FINITE;
    struct sl_exchange_part found[SL_PUBLISHED_PARTS];
    int n = sl_exchange_parts(&w->exchange, layer, param, found);
    memcpy(parts, found, (size_t)n * sizeof *parts);
    for (int i = 0; i < n; i++) {
        struct sl_saved_tensor *tensor = &w->tensors[w->n_tensors++];
        *tensor = (struct sl_saved_tensor){
            .name = parts[i].name,
            .type = SLUICE_F32,
            .shape = parts[i].shape,
            .elements = elements,
        };
        if (parts[i].is_whole)
            continue;
        tensor->elements = w->turned + w->n_turned;
        sl_exchange_give(&parts[i], elements, w->turned + w->n_turned);
        w->n_turned += (size_t)sluice_shape_elements(&parts[i].shape);
    }
    return SLUICE_OK;
}

static sluice_status write_all(struct writing *w,
                               struct sl_metadata_pair *metadata,
                               size_t n_metadata, const char *path,
                               sluice_diag *why)
{
    sluice_status st = each_parameter(w, list, why);
    struct sl_saved_file file = {
        .tensors = w->tensors,
        .n_tensors = w->n_tensors,
        .metadata = metadata,
        .n_metadata = n_metadata,
    };
    return st ? st : sl_safetensors_write(path, &file, w->allocator, why);
}

sluice_status sl_exchange_save(const sluice_pipeline *pipe,
                               struct sl_metadata_pair *metadata,
                               size_t n_metadata, const char *path,
                               sluice_diag *why)
{
    struct writing w = {.pipe = pipe, .allocator = pipe->allocator};
    sluice_status st = sl_outgoing_check(pipe, why);
    if (st)
        return st;
    sl_exchange_init(&w.exchange, pipe->blueprint.model);
    each_parameter(&w, count, NULL);
    const size_t n_tensors = w.n_tensors, n_turned = w.n_turned;
    const size_t n_gathered = w.n_gathered;
    w.tensors = sl_alloc(w.allocator, n_tensors, sizeof *w.tensors);
    w.parts = sl_alloc(w.allocator, n_tensors, sizeof *w.parts);
    w.turned = sl_alloc(w.allocator, n_turned, sizeof *w.turned);
    w.gathered = sl_alloc(w.allocator, n_gathered, sizeof *w.gathered);
    st = w.tensors && w.parts && w.turned && w.gathered
             ? write_all(&w, metadata, n_metadata, path, why)
             : sl_no_memory(why, "the weights in PyTorch's layout");
    sl_free(w.allocator, w.gathered, n_gathered, sizeof *w.gathered);
    sl_free(w.allocator, w.turned, n_turned, sizeof *w.turned);
    sl_free(w.allocator, w.parts, n_tensors, sizeof *w.parts);
    sl_free(w.allocator, w.tensors, n_tensors, sizeof *w.tensors);
    return st;
}
