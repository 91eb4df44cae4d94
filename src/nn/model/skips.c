/* Skip connections of a model.  The thread that builds it. */
#include "nn/model/skips.h"

#include <string.h>

#include "base/memory.h"
#include "base/text/option_value.h"
#include "nn/across/skip_end.h"
#include "nn/layers/composite.h"

_Static_assert(offsetof(sluice_stash_config, name) == 0 &&
                   offsetof(sluice_pop_config, name) == 0,
               "both configs begin with the name");

const char *sl_skip_name(const struct sl_layer_list *layers, int layer)
{
    return layers->at[layer]->config;
}

/* The stash of that name that is not popped; NULL if there is none. */
static struct sl_skip *find(const struct sl_skip_list *skips,
                            const struct sl_layer_list *layers,
                            const char *name)
{
    for (int i = skips->n - 1; i >= 0; i--)
        if (skips->at[i].pop < 0 &&
            !strcmp(sl_skip_name(layers, skips->at[i].stash), name))
            return &skips->at[i];
    return NULL;
}

static sluice_status check_name(const char *name, const sluice_layer_ops *ops,
                                sluice_diag *why)
{
    size_t n = strnlen(name, SLUICE_SKIP_NAME);
    bool is_name = n > 0 && n < SLUICE_SKIP_NAME;
    for (size_t i = 0; i < n; i++)
        is_name = is_name && sl_is_name_char(name[i]);
    if (is_name)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%s: its name must be 1 to %d of [A-Za-z0-9_]",
                           ops->name, SLUICE_SKIP_NAME - 1);
}

static sluice_status prepare_stash(struct sl_skip_list *skips,
                                   const struct sl_skip *open, const char *name,
                                   const sluice_allocator *allocator,
                                   sluice_diag *why)
{
    void *at = skips->at;
    if (open)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "stash(%s): layer %d has stashed this name, and "
                               "it is not popped yet; give another one",
                               name, open->stash);
    if (sl_grow(allocator, &at, &skips->capacity, (size_t)skips->n + 1,
                sizeof *skips->at))
        return sl_no_memory(why, "the model's skip connections");
    skips->at = at;
    return SLUICE_OK;
}

sluice_status sl_skips_prepare(struct sl_skip_list *skips,
                               const struct sl_layer_list *layers,
                               const sluice_layer_ops *ops, const void *config,
                               const sluice_allocator *allocator,
                               sluice_shape *skip, sluice_diag *why)
{
    static const char none[SLUICE_SKIP_NAME] = "";
    const char *name = config ? config : none;
    *skip = (sluice_shape){0};
    if (!sl_is_skip_end(ops))
        return SLUICE_OK;
    sluice_status st = check_name(name, ops, why);
    if (st)
        return st;
    const struct sl_skip *open = find(skips, layers, name);
    if (ops == sluice_stash())
        return prepare_stash(skips, open, name, allocator, why);
    if (!open)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "pop(%s): no stash of that name before it is "
                               "left; add stash(%s)",
                               name, name);
    *skip = layers->at[open->stash]->plan.skip;
    return SLUICE_OK;
}

void sl_skips_note(struct sl_skip_list *skips,
                   const struct sl_layer_list *layers)
{
    int last = layers->n - 1;
    const struct sl_layer *layer = layers->at[last];
    if (layer->ops == sluice_pop())
        find(skips, layers, sl_skip_name(layers, last))->pop = last;
    if (layer->ops == sluice_stash())
        skips->at[skips->n++] = (struct sl_skip){
            .stash = last,
            .pop = -1,
            .n = sluice_shape_elements(&layer->plan.skip),
        };
}
