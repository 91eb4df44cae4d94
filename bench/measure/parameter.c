/* All parameters of a model.  Any thread. */
#include "bench/measure/parameter.h"

#include <stdio.h>

bool parameter_next(const sluice_model *model, struct parameter *at)
{
    for (; at->layer < sluice_model_n_layers(model); at->layer++) {
        const sluice_layer_plan *plan =
            sluice_model_layer_plan(model, at->layer);
        if (at->next < plan->n_params) {
            const sluice_param_spec *spec = &plan->params[at->next++];
            snprintf(at->name, sizeof at->name, "%d.%s", at->layer, spec->name);
            at->n = sluice_shape_elements(&spec->shape);
            return true;
        }
        at->next = 0;
    }
    return false;
}
