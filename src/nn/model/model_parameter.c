/* All parameters of a model, one after the other.  Any thread. */
#include <sluice/model.h>

#include <stdio.h>

bool sluice_model_next_parameter(const sluice_model *model,
                                 sluice_parameter *at)
{
    int layer = at->spec ? at->layer : 0;
    int index = at->spec ? at->index + 1 : 0;
    for (; layer < sluice_model_n_layers(model); layer++, index = 0) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, layer);
        while (index < plan->n_params && plan->params[index].tied)
            index++;
        if (index < plan->n_params) {
            const sluice_param_spec *spec = &plan->params[index];
            *at = (sluice_parameter){.layer = layer,
                                     .index = index,
                                     .spec = spec,
                                     .n = sluice_shape_elements(&spec->shape)};
            snprintf(at->name, sizeof at->name, "%d.%s", layer, spec->name);
            return true;
        }
    }
    return false;
}
