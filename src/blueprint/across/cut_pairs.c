/* Layers that take less together.  The thread that creates the pipeline. */
#include "blueprint/across/cut_pairs.h"

#include "base/memory.h"
#include "nn/model/model.h"
#include "nn/model/skips.h"

double sl_skip_end_bytes(const sluice_layer_plan *plan, double rows)
{
    if (!plan->skip.n_dims)
        return 0;
    return rows * 4.0 * (double)sluice_shape_elements(&plan->skip);
}

static void add(struct sl_cut_pairs *pairs, struct sl_part_pair pair)
{
    if (pairs->pairs)
        pairs->pairs[pairs->n] = pair;
    pairs->n++;
}

/* The skip connections that end at a layer: one at most. */
static void add_skips(struct sl_cut_pairs *pairs, const sluice_model *model,
                      int layer, double rows)
{
    const struct sl_skip_list *skips = sl_model_skips(model);
    double bytes =
        sl_skip_end_bytes(sluice_model_layer_plan(model, layer), rows);
    for (int i = 0; i < skips->n && bytes > 0; i++)
        if (skips->at[i].pop == layer)
            add(pairs, (struct sl_part_pair){skips->at[i].stash, 2 * bytes, 0});
}

/* The last layer before `layer` that uses the same tensor. */
static int used_before(const sluice_model *model, int layer,
                       const sluice_param_spec *spec)
{
    for (int i = layer - 1; i > spec->first_layer; i--) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int p = 0; p < plan->n_params; p++)
            if (plan->params[p].tied &&
                plan->params[p].first_layer == spec->first_layer &&
                plan->params[p].first_param == spec->first_param)
                return i;
    }
    return spec->first_layer;
}

/* Uses within one layer count once for each, whatever the cut. */
static void add_ties(struct sl_cut_pairs *pairs, const sluice_model *model,
                     int layer)
{
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, layer);
    for (int p = 0; p < plan->n_params; p++) {
        const sluice_param_spec *spec = &plan->params[p];
        double bytes = 4.0 * (double)sluice_shape_elements(&spec->shape);
        if (!spec->tied || spec->first_layer == layer)
            continue;
        add(pairs, (struct sl_part_pair){used_before(model, layer, spec),
                                         -bytes, bytes});
    }
}

/* Count them, or write them if there is room. */
static void find(struct sl_cut_pairs *pairs, const sluice_model *model,
                 double rows)
{
    pairs->n = 0;
    for (int i = 0; i < pairs->n_layers; i++) {
        pairs->pairs_of[i] = pairs->n;
        add_skips(pairs, model, i, rows);
        add_ties(pairs, model, i);
    }
    pairs->pairs_of[pairs->n_layers] = pairs->n;
}

sluice_status sl_cut_pairs_init(struct sl_cut_pairs *pairs,
                                const sluice_model *model, double rows,
                                const sluice_allocator *allocator)
{
    size_t n = (size_t)sluice_model_n_layers(model);
    *pairs = (struct sl_cut_pairs){
        .allocator = allocator,
        .n_layers = (int)n,
        .pairs_of = sl_alloc(allocator, n + 1, sizeof *pairs->pairs_of),
    };
    if (!pairs->pairs_of)
        return SLUICE_NO_MEMORY;
    find(pairs, model, rows);
    pairs->pairs = sl_alloc(allocator, (size_t)pairs->n, sizeof *pairs->pairs);
    if (!pairs->pairs)
        return SLUICE_NO_MEMORY;
    find(pairs, model, rows);
    return SLUICE_OK;
}

void sl_cut_pairs_fini(struct sl_cut_pairs *pairs)
{
    sl_free(pairs->allocator, pairs->pairs, (size_t)pairs->n,
            sizeof *pairs->pairs);
    sl_free(pairs->allocator, pairs->pairs_of, (size_t)pairs->n_layers + 1,
            sizeof *pairs->pairs_of);
    *pairs = (struct sl_cut_pairs){0};
}
