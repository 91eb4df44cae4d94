/* Reading weights of PyTorch.  The thread that owns the pipeline. */
#include "checkpoint/exchange_read.h"

#include <stdio.h>
#include <string.h>

#include "base/finite.h"
#include "base/memory.h"
#include "checkpoint/tensor_shape.h"
#include "data/safetensors/safetensors.h"
#include "pipeline/pieces/kept.h"
#include "pipeline/pipeline.h"

static const char layouts[] =
    "PyTorch's Linear has [out, in], Conv1D of GPT-2 [in, out]";

/* A file that is being read. */
struct reading {
    struct sl_exchange exchange;
    sluice_safetensors *file;
    const sluice_allocator *allocator;
    bool *used;    /* [n_tensors]: it was a parameter */
    float *tensor; /* [n_tensor]: room for one that is wanted */
    size_t n_tensor;
    size_t n_tensors;
};

bool sl_exchange_has_prefix(const sluice_safetensors *file, const char *prefix)
{
    size_t n = strlen(prefix);
    const char *name;
    for (int i = 0; (name = sluice_safetensors_name(file, i, NULL)); i++)
        if (n && !strncmp(name, prefix, n))
            return true;
    return false;
}

static void fini(struct reading *r)
{
    sl_free(r->allocator, r->tensor, r->n_tensor, sizeof *r->tensor);
    sl_free(r->allocator, r->used, r->n_tensors, sizeof *r->used);
}

static sluice_status init(struct reading *r, const sluice_pipeline *pipe,
                          sluice_safetensors *file,
                          const sluice_allocator *allocator, sluice_diag *why)
{
    const sluice_model *model = pipe->blueprint.model;
    sluice_state_tensor at = {.state = 0};
    *r = (struct reading){
        .file = file,
        .allocator = allocator,
        .n_tensors = (size_t)sluice_safetensors_count(file),
    };
    sl_exchange_init(&r->exchange, model);
    if (r->exchange.published)
        r->exchange.has_prefix =
            sl_exchange_has_prefix(file, r->exchange.published->prefix);
    while (sl_held_next(pipe, SL_HELD_EXCHANGE, &at))
        if (sl_kept_of(pipe, &at).n > 0 && (size_t)at.parameter.n > r->n_tensor)
            r->n_tensor = (size_t)at.parameter.n;
    r->used = sl_alloc(allocator, r->n_tensors, sizeof *r->used);
    r->tensor = sl_alloc(allocator, r->n_tensor, sizeof *r->tensor);
    if (r->used && r->tensor)
        return SLUICE_OK;
    fini(r);
    return sl_no_memory(why, "a tensor of a file");
}

/* The tensor into r->tensor, if it is wanted; `*is_there` says whether the file
 * has it. */
static sluice_status read_part(struct reading *r,
                               const struct sl_exchange_part *part,
                               bool is_wanted, bool *is_there, sluice_diag *why)
{
    sluice_shape shape;
    int found = sl_safetensors_find(r->file, part->name, &shape);
    int64_t n = sluice_shape_elements(&part->shape);
    *is_there = found >= 0;
    if (!*is_there)
        return SLUICE_OK;
    r->used[found] = true;
    sluice_status st =
        sl_tensor_shape_check(part->name, &shape, &part->shape, layouts, why);
    if (st || !is_wanted)
        return st;
    st = sluice_safetensors_read(r->file, part->name, r->tensor, n, why);
    return st ? st
              : sl_check_finite("parameter", part->name, r->tensor, n, why);
}

/* All of a parameter to values[at->n]; NULL: only see that it is there. */
static sluice_status read_parameter(struct reading *r,
                                    const sluice_parameter *at, float *values,
                                    sluice_diag *why)
{
    struct sl_exchange_part parts[SL_PUBLISHED_PARTS];
    int n = sl_exchange_parts(&r->exchange, at->layer, at->index, parts);
    for (int i = 0; i < n; i++) {
        bool is_there;
        sluice_status st = read_part(r, &parts[i], values, &is_there, why);
        if (st)
            return st;
        if (!is_there && !sl_exchange_is_counter(at->spec))
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "the weights have no tensor \"%s\", which "
                                   "is parameter \"%s\" in PyTorch's names",
                                   parts[i].name, at->name);
        if (values && is_there)
            sl_exchange_take(&parts[i], r->tensor, values);
        else if (values)
            values[0] = 0; /* old files of PyTorch have no counters */
    }
    return SLUICE_OK;
}

/* A second use of a tensor, whose values are these, or not wanted. */
static sluice_status check_tied(struct reading *r, int layer, int param,
                                const float *values, sluice_diag *why)
{
    struct sl_exchange_part parts[SL_PUBLISHED_PARTS];
    int n = sl_exchange_parts(&r->exchange, layer, param, parts);
    for (int i = 0; i < n; i++) {
        bool is_there;
        sluice_status st = read_part(r, &parts[i], values, &is_there, why);
        if (st)
            return st;
        if (values && is_there &&
            !sl_exchange_equals(&parts[i], r->tensor, values))
            return sluice_diag_set(
                why, SLUICE_INVALID,
                "tensor \"%s\" of the weights differs from the one that the "
                "model ties it to: leave out the tie",
                parts[i].name);
    }
    return SLUICE_OK;
}

/* All of the uses of a parameter behind the first. */
static sluice_status check_ties(struct reading *r, const sluice_parameter *at,
                                const float *values, sluice_diag *why)
{
    const sluice_model *model = r->exchange.model;
    sluice_status st = SLUICE_OK;
    for (int i = at->layer; i < sluice_model_n_layers(model) && !st; i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int p = 0; p < plan->n_params && !st; p++) {
            const sluice_param_spec *spec = &plan->params[p];
            if (spec->tied && spec->first_layer == at->layer &&
                spec->first_param == at->index)
                st = check_tied(r, i, p, values, why);
        }
    }
    return st;
}

static sluice_status read_all(struct reading *r,
                              const struct sl_staging *staging,
                              const sluice_pipeline *pipe, sluice_diag *why)
{
    float *to = staging->values;
    sluice_state_tensor at = {.state = 0};
    sluice_status st = SLUICE_OK;
    while (!st && sl_held_next(pipe, SL_HELD_EXCHANGE, &at)) {
        struct sl_kept kept = sl_kept_of(pipe, &at);
        float *values = kept.is_whole ? to : staging->whole;
        if (kept.n == 0)
            values = NULL;
        st = read_parameter(r, &at.parameter, values, why);
        if (!st)
            st = check_ties(r, &at.parameter, values, why);
        if (!st && !kept.is_whole && values)
            sl_kept_pick(pipe, &at, values, to);
        to += kept.n;
    }
    return st;
}

/* Everything else must be known not to be a parameter. */
static sluice_status check_rest(const struct reading *r,
                                struct sl_passed_over *passed, sluice_diag *why)
{
    *passed = (struct sl_passed_over){.n = 0};
    for (size_t i = 0; i < r->n_tensors; i++) {
        const char *name = sluice_safetensors_name(r->file, (int)i, NULL);
        if (r->used[i])
            continue;
        if (!sl_exchange_passes_over(&r->exchange, name))
            return sluice_diag_set(why, SLUICE_NOT_FOUND,
                                   "tensor \"%s\" of the weights is no "
                                   "parameter of the model in PyTorch's names",
                                   name);
        if (passed->n++ == 0)
            snprintf(passed->name, sizeof passed->name, "%s", name);
    }
    return SLUICE_OK;
}

sluice_status sl_exchange_read(struct sl_staging *staging,
                               const sluice_pipeline *pipe,
                               sluice_safetensors *file,
                               const sluice_allocator *allocator,
                               struct sl_passed_over *passed, sluice_diag *why)
{
    struct reading r;
    sluice_status st = init(&r, pipe, file, allocator, why);
    if (st)
        return st;
    st = sl_staging_init(staging, pipe, SL_HELD_EXCHANGE, allocator, why);
    if (!st) {
        st = read_all(&r, staging, pipe, why);
        if (!st)
            st = check_rest(&r, passed, why);
        if (st)
            sl_staging_fini(staging);
    }
    fini(&r);
    return st;
}
