/* Published names of parameters.  Any thread; no state. */
#include "nn/presets/published.h"

#include <stdio.h>
#include <string.h>

static const struct sl_published_row *
find_row(const struct sl_published_layer *form, const char *ours)
{
    for (int i = 0; i < form->n; i++)
        if (!strcmp(form->rows[i].ours, ours))
            return &form->rows[i];
    return NULL;
}

bool sl_published_fits(const struct sl_published_layer *form,
                       const sluice_model *model, int layer)
{
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, layer);
    bool fits = form->n > 0 && plan->n_params == form->n;
    for (int p = 0; p < plan->n_params && fits; p++)
        fits = find_row(form, plan->params[p].name);
    return fits;
}

/* The form of a layer; NULL if it is none of them. */
static const struct sl_published_layer *
form_of(const struct sl_published *published, const sluice_model *model,
        int layer)
{
    if (layer == 0)
        return sl_published_fits(&published->first, model, layer)
                   ? &published->first
                   : NULL;
    if (layer == sluice_model_n_layers(model) - 1)
        return sl_published_fits(&published->last, model, layer)
                   ? &published->last
                   : NULL;
    for (int i = 0; i < SL_PUBLISHED_FORMS; i++)
        if (sl_published_fits(&published->blocks[i], model, layer))
            return &published->blocks[i];
    return NULL;
}

bool sl_published_knows(const struct sl_published *published,
                        const sluice_model *model)
{
    int n = sluice_model_n_layers(model);
    bool fits = n > 2; /* with a block at least */
    for (int layer = 0; layer < n && fits; layer++)
        fits = form_of(published, model, layer);
    return fits;
}

const struct sl_published_row *
sl_published_find(const struct sl_published *published,
                  const sluice_model *model, int layer, int param)
{
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, layer);
    return find_row(form_of(published, model, layer), plan->params[param].name);
}

void sl_published_name(const struct sl_published *published,
                       const sluice_model *model, int layer,
                       const struct sl_published_row *row, int part,
                       bool has_prefix, char name[SL_PUBLISHED_NAME])
{
    char block[SL_BLOCK_NAME] = "";
    bool prefixed = has_prefix && !row->is_outside;
    bool is_block = layer > 0 && layer < sluice_model_n_layers(model) - 1;
    if (is_block && published->name_block)
        published->name_block(model, layer, block);
    else if (is_block)
        snprintf(block, sizeof block, "%s.%d.", published->block, layer - 1);
    snprintf(name, SL_PUBLISHED_NAME, "%s%s%s",
             prefixed ? published->prefix : "", block, row->theirs[part]);
}
