/* Parameter tensors of a stage.  The thread that creates the pipeline. */
#include "blueprint/tensors.h"

#include <stdio.h>

#include "base/memory.h"

int sl_n_tensors(const sluice_model *model)
{
    int n = 0;
    for (int i = 0; i < sluice_model_n_layers(model); i++)
        n += sluice_model_layer_plan(model, i)->n_params;
    return n;
}

void sl_tensors_describe(const sluice_model *model, struct sl_tensor *tensors)
{
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int p = 0; p < plan->n_params; p++, tensors++) {
            *tensors = (struct sl_tensor){
                .shape = &plan->params[p].shape,
                .n = sluice_shape_elements(&plan->params[p].shape),
                .layer = i,
                .param = p,
            };
            snprintf(tensors->name, sizeof tensors->name, "%d.%s", i,
                     plan->params[p].name);
        }
    }
}

static int64_t floats_rounded(int64_t n)
{
    return (int64_t)(sl_round_up((size_t)n * sizeof(float)) / sizeof(float));
}

int64_t *sl_tensors_place(struct sl_stage *stage, int64_t *offsets)
{
    for (int i = 0; i < stage->n_units; i++) {
        struct sl_unit *unit = &stage->units[i];
        unit->param_at = offsets;
        offsets += unit->plan->n_params;
        for (int p = 0; p < unit->plan->n_params; p++) {
            unit->param_at[p] = stage->n_params;
            stage->n_params += floats_rounded(
                sluice_shape_elements(&unit->plan->params[p].shape));
        }
    }
    return offsets;
}

int sl_tensors_number(struct sl_stage *stage, int first)
{
    for (int i = 0; i < stage->n_units; i++) {
        stage->units[i].first_tensor = first;
        first += stage->units[i].plan->n_params;
    }
    return first;
}

size_t sl_tensors_n_pointers(const struct sl_stage *stage)
{
    size_t n = 0;
    for (int i = 0; i < stage->n_units; i++)
        n += (size_t)stage->units[i].plan->n_params;
    return n * (size_t)(stage->n_versions + 1);
}

float **sl_tensors_share(struct sl_stage *stage, float **pointers)
{
    for (int i = 0; i < stage->n_units; i++) {
        struct sl_unit *unit = &stage->units[i];
        unit->params = pointers;
        unit->grads = pointers + stage->n_versions * unit->plan->n_params;
        pointers = unit->grads + unit->plan->n_params;
    }
    return pointers;
}

static void bind_unit(const struct sl_stage *stage, struct sl_unit *unit)
{
    int n = unit->plan->n_params;
    for (int p = 0; p < n; p++) {
        for (int v = 0; v < stage->n_versions; v++)
            unit->params[v * n + p] =
                stage->versions + v * stage->n_params + unit->param_at[p];
        unit->grads[p] = stage->grads + unit->param_at[p];
    }
}

void sl_tensors_bind(struct sl_stage *stage)
{
    for (int i = 0; i < stage->n_units; i++)
        bind_unit(stage, &stage->units[i]);
}
