/* Weights for PyTorch, listed.  The thread that owns the pipeline. */
#include "checkpoint/exchange_list.h"

#include <string.h>

#include "base/memory.h"
#include "checkpoint/exchange.h"
#include "pipeline/pipeline.h"

/* A list that is being made; without room its parts are counted only. */
struct listing {
    struct sl_exchange exchange;
    struct sl_outgoing *out;
    size_t n;         /* tensors of the file so far */
    size_t n_sources; /* the pipeline's, in its order: what is not tied */
};

/* The number of the pipeline's tensor that a parameter is. */
static size_t source_of(struct listing *l, const sluice_param_spec *spec)
{
    sluice_parameter at = {.name = ""};
    size_t i = 0;
    if (!spec->tied)
        return l->n_sources++;
    while (sluice_model_next_parameter(l->exchange.model, &at) &&
           (at.layer != spec->first_layer || at.index != spec->first_param))
        i++;
    return i;
}

static void list_parameter(struct listing *l, int layer, int param)
{
    struct sl_exchange_part parts[SL_PUBLISHED_PARTS];
    struct sl_outgoing *out = l->out;
    int n = sl_exchange_parts(&l->exchange, layer, param, parts);
    size_t source = source_of(
        l, &sluice_model_layer_plan(l->exchange.model, layer)->params[param]);
    for (int i = 0; i < n; i++, l->n++) {
        if (!out->n)
            continue;
        out->sources[l->n] = source;
        out->parts[l->n] = parts[i];
        out->file.tensors[l->n] = (struct sl_saved_tensor){
            .name = out->parts[l->n].name,
            .type = SLUICE_F32,
            .shape = parts[i].shape,
            .number = l->n,
        };
    }
}

/* Returns how many there are. */
static size_t list_all(struct sl_outgoing *out, const sluice_model *model)
{
    struct listing l = {.out = out};
    sl_exchange_init(&l.exchange, model);
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int p = 0; p < plan->n_params; p++)
            list_parameter(&l, i, p);
    }
    return l.n;
}

sluice_status sl_exchange_list(struct sl_outgoing *out,
                               const sluice_pipeline *pipe,
                               const sluice_allocator *allocator,
                               sluice_diag *why)
{
    const sluice_model *model = pipe->blueprint.model;
    *out = (struct sl_outgoing){.allocator = allocator};
    size_t n = list_all(out, model);
    *out = (struct sl_outgoing){
        .allocator = allocator,
        .file.tensors = sl_alloc(allocator, n, sizeof *out->file.tensors),
        .file.n_tensors = n,
        .n = n,
        .parts = sl_alloc(allocator, n, sizeof *out->parts),
        .sources = sl_alloc(allocator, n, sizeof *out->sources),
    };
    if (out->file.tensors && out->parts && out->sources) {
        list_all(out, model);
        return SLUICE_OK;
    }
    sl_outgoing_fini(out);
    return sl_no_memory(why, "the list of tensors in PyTorch's layout");
}
