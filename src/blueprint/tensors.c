/* Parameter tensors of a stage.  The thread that creates the pipeline. */
#include "blueprint/tensors.h"

#include <stdio.h>

#include <sluice/schedule.h>

#include "base/memory.h"
#include "base/split.h"
#include "nn/model/model.h"

int sl_n_tensors(const sluice_model *model)
{
    int n = 0;
    for (int i = 0; i < sluice_model_n_layers(model); i++)
        n += sluice_model_layer_plan(model, i)->n_params;
    return n;
}

/* The number of a parameter among the tensors, all of whose specs are known. */
static int number_of(const sluice_model *model, struct sl_parameter_use use)
{
    int number = use.param;
    for (int i = 0; i < use.layer; i++)
        number += sluice_model_layer_plan(model, i)->n_params;
    return number;
}

void sl_tensors_own(const sluice_model *model, int n_shards, int *owners)
{
    int64_t held[SLUICE_MAX_DEVICES] = {0};
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        owners[i] = 0;
        for (int shard = 1; shard < n_shards; shard++)
            if (held[shard] < held[owners[i]])
                owners[i] = shard;
        held[owners[i]]++; /* the calls of a layer without parameters count */
        for (int p = 0; p < plan->n_params; p++)
            if (!plan->params[p].divided)
                held[owners[i]] +=
                    sluice_shape_elements(&plan->params[p].shape);
    }
}

/* What a device holds of a parameter. */
static struct sl_shard shard_of(const sluice_param_spec *spec, int owner,
                                const struct sl_team_shard *at)
{
    if (spec->divided && spec->by_rows)
        return sl_shard_rows(&spec->shape, at->n_shards, at->shard);
    if (spec->divided)
        return sl_shard_columns(&spec->shape, at->n_shards, at->shard);
    return at->shard == owner ? sl_shard_all(&spec->shape) : sl_shard_none();
}

static struct sl_tensor describe(const sluice_model *model,
                                 struct sl_parameter_use use,
                                 const struct sl_team_shard *at)
{
    struct sl_parameter_use first = sl_model_first_use(model, use);
    const sluice_param_spec *spec = sl_model_spec(model, first);
    struct sl_tensor tensor = {
        .shape = spec->shape,
        .shard = shard_of(spec, at->owners[first.layer], at),
        .layer = first.layer,
        .param = first.param,
    };
    if (spec->divided) {
        int64_t *dim =
            &tensor.shape.dims[spec->by_rows ? 0 : tensor.shape.n_dims - 1];
        *dim = sl_split_columns(*dim, at->n_shards, at->shard).n;
    }
    snprintf(tensor.name, sizeof tensor.name, "%d.%s", first.layer, spec->name);
    return tensor;
}

void sl_tensors_describe(const sluice_model *model,
                         const struct sl_team_shard *at,
                         struct sl_tensor *tensors)
{
    int number = 0;
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int p = 0; p < plan->n_params; p++, number++) {
            const struct sl_parameter_use use = {i, p};
            tensors[number] = describe(model, use, at);
            if (number == at->elsewhere)
                tensors[number].shard = sl_shard_none();
            tensors[number].n = sl_shard_elements(&tensors[number].shard);
            tensors[number].first =
                plan->params[p].tied
                    ? number_of(model, sl_model_first_use(model, use))
                    : number;
        }
    }
}

static int64_t floats_rounded(int64_t n)
{
    return (int64_t)(sl_round_up((size_t)n * sizeof(float)) / sizeof(float));
}

/* Where an earlier use in the stage has put the weights; -1 if there is none.
 */
static int64_t shared_place(const struct sl_stage *stage,
                            const struct sl_tensor *tensors, int tensor)
{
    if (tensors[tensor].first == tensor)
        return -1;
    for (int i = 0; i < stage->n_units; i++) {
        const struct sl_unit *unit = &stage->units[i];
        for (int p = 0; p < unit->plan->n_params; p++) {
            int other = unit->first_tensor + p;
            if (other == tensor)
                return -1;
            if (tensors[other].first == tensors[tensor].first)
                return unit->param_at[p];
        }
    }
    return -1;
}

static void place_params(struct sl_stage *stage, struct sl_unit *unit,
                         const struct sl_tensor *tensors)
{
    for (int p = 0; p < unit->plan->n_params; p++) {
        int tensor = unit->first_tensor + p;
        unit->param_at[p] = shared_place(stage, tensors, tensor);
        unit->grad_at[p] = unit->param_at[p];
        if (unit->param_at[p] >= 0)
            continue;
        unit->param_at[p] = unit->grad_at[p] = stage->n_params;
        stage->n_params += floats_rounded(tensors[tensor].n);
    }
}

/* Gradients lie as the weights do; those of uses that share come after. */
static void place_shared_gradients(struct sl_stage *stage,
                                   const struct sl_tensor *tensors)
{
    stage->n_grads = stage->n_params;
    for (int i = 0; i < stage->n_units; i++) {
        struct sl_unit *unit = &stage->units[i];
        for (int p = 0; p < unit->plan->n_params; p++) {
            int tensor = unit->first_tensor + p;
            if (shared_place(stage, tensors, tensor) < 0)
                continue;
            unit->grad_at[p] = stage->n_grads;
            stage->n_grads += floats_rounded(tensors[tensor].n);
        }
    }
}

int64_t *sl_tensors_place(struct sl_stage *stage,
                          const struct sl_tensor *tensors, int64_t *offsets)
{
    for (int i = 0; i < stage->n_units; i++) {
        struct sl_unit *unit = &stage->units[i];
        unit->param_at = offsets;
        unit->grad_at = offsets + unit->plan->n_params;
        offsets += 2 * unit->plan->n_params;
        place_params(stage, unit, tensors);
    }
    place_shared_gradients(stage, tensors);
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

static size_t n_params(const struct sl_stage *stage)
{
    size_t n = 0;
    for (int i = 0; i < stage->n_units; i++)
        n += (size_t)stage->units[i].plan->n_params;
    return n;
}

size_t sl_tensors_n_pointers(const struct sl_stage *stage)
{
    return n_params(stage) * (size_t)(stage->n_versions + 1);
}

size_t sl_tensors_n_weights(const struct sl_stage *stage)
{
    return n_params(stage) * (size_t)stage->n_versions;
}

float **sl_tensors_share(struct sl_stage *stage, float **pointers)
{
    for (int i = 0; i < stage->n_units; i++) {
        struct sl_unit *unit = &stage->units[i];
        unit->params = pointers;
        unit->grads =
            pointers + (size_t)stage->n_versions * (size_t)unit->plan->n_params;
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
        unit->grads[p] = stage->grads + unit->grad_at[p];
    }
}

void sl_tensors_bind(struct sl_stage *stage)
{
    for (int i = 0; i < stage->n_units; i++)
        bind_unit(stage, &stage->units[i]);
}
