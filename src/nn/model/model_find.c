/* Parameters of a model by name.  Any thread. */
#include "nn/model/model.h"

#include <stdio.h>
#include <string.h>

enum { LIST = SLUICE_DIAG_TEXT / 2 }; /* bytes of the names that are listed */

/*
 * The layer at the front of "12.weight", with `*rest` behind the dot; -1 if it
 * is not such a name.  One spelling each: no sign, no leading zeros.
 */
static int read_layer(const char *name, const char **rest)
{
    int layer = 0;
    const char *at = name;
    for (; *at >= '0' && *at <= '9'; at++) {
        layer = layer * 10 + (*at - '0');
        if (layer > SLUICE_MODEL_MAX_LAYERS || (at > name && *name == '0'))
            return -1;
    }
    if (at == name || *at != '.')
        return -1;
    *rest = at + 1;
    return layer;
}

/* The names of a layer's parameters, separated by commas; the first ones, if
 * there are too many for a sentence. */
static void list_params(const sluice_layer_plan *plan, char list[LIST])
{
    size_t n = 0;
    list[0] = '\0';
    for (int p = 0; p < plan->n_params; p++) {
        if (n + sizeof ", ..." + SLUICE_PARAM_NAME + 2 > LIST) {
            snprintf(list + n, LIST - n, ", ...");
            return;
        }
        n += (size_t)snprintf(list + n, LIST - n, "%s%s", p ? ", " : "",
                              plan->params[p].name);
    }
}

static sluice_status no_layer(const sluice_model *model, const char *name,
                              sluice_diag *why)
{
    int n = sluice_model_n_layers(model);
    if (n == 0)
        return sluice_diag_set(why, SLUICE_NOT_FOUND,
                               "no parameter \"%.80s\": the model has no "
                               "layers",
                               name);
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "no parameter \"%.80s\": names are LAYER.PARAMETER, "
                           "as \"0.weight\", with layers 0 to %d",
                           name, n - 1);
}

static sluice_status no_param(const sluice_model *model, int layer,
                              const char *name, sluice_diag *why)
{
    char list[LIST];
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, layer);
    list_params(plan, list);
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "no parameter \"%.80s\": layer %d (%.40s) has %s",
                           name, layer, sluice_model_layer(model, layer)->name,
                           plan->n_params ? list : "none");
}

sluice_status sl_model_find_use(const sluice_model *model, const char *name,
                                struct sl_parameter_use *use, sluice_diag *why)
{
    const char *wanted = NULL;
    int i = read_layer(name, &wanted);
    if (i < 0 || i >= sluice_model_n_layers(model))
        return no_layer(model, name, why);
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
    int p = 0;
    while (p < plan->n_params && strcmp(plan->params[p].name, wanted) != 0)
        p++;
    if (p == plan->n_params)
        return no_param(model, i, name, why);
    *use = (struct sl_parameter_use){i, p};
    return SLUICE_OK;
}

const sluice_param_spec *sl_model_spec(const sluice_model *model,
                                       struct sl_parameter_use use)
{
    return &sluice_model_layer_plan(model, use.layer)->params[use.param];
}

struct sl_parameter_use sl_model_first_use(const sluice_model *model,
                                           struct sl_parameter_use use)
{
    const sluice_param_spec *spec = sl_model_spec(model, use);
    if (!spec->tied)
        return use;
    return (struct sl_parameter_use){spec->first_layer, spec->first_param};
}

sluice_status sluice_model_find_parameter(const sluice_model *model,
                                          const char *name, int *layer,
                                          int *param,
                                          const sluice_param_spec **spec,
                                          sluice_diag *why)
{
    struct sl_parameter_use use;
    sluice_status st = sl_model_find_use(model, name, &use, why);
    if (st)
        return st;
    use = sl_model_first_use(model, use);
    if (layer)
        *layer = use.layer;
    if (param)
        *param = use.param;
    if (spec)
        *spec = sl_model_spec(model, use);
    return SLUICE_OK;
}
