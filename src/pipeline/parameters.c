/* Parameters and optimizer states by name.  The caller, between steps. */
#include "pipeline/parameters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/finite.h"
#include "pipeline/across/head_parts.h"
#include "pipeline/update/head_update.h"

/* Where a parameter lies. */
struct place {
    float *values;
    float *gradient;
    float *states[SLUICE_OPTIMIZER_MAX_STATES];
    int64_t n;
    const struct sl_stage *stage;
    int64_t at; /* in a version of the stage's weights */
};

/* In the copy of the model that holder number `holder` of each part belongs
 * to. */
static struct place place_of(const sluice_pipeline *pipe, int holder, int layer,
                             int param)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    struct place place = {0};
    for (int s = 0; s < layout->grid.depth; s++) {
        const struct sl_stage *stage =
            &layout->stages[sl_held_stage(&layout->grid, holder, 0, s)];
        int i = layer - stage->units[0].layer;
        if (i < 0 || i >= stage->n_units)
            continue;
        const struct sl_unit *unit = &stage->units[i];
        place.values = stage->params + unit->param_at[param];
        place.gradient = unit->grads[param];
        place.n = sluice_shape_elements(&unit->plan->params[param].shape);
        for (int k = 0; k < pipe->blueprint.n_states; k++)
            place.states[k] = stage->states[k] + unit->param_at[param];
        place.stage = stage;
        place.at = unit->param_at[param];
    }
    return place; /* every layer is in a stage */
}

static sluice_status check_size(const char *name, int64_t is, int64_t given,
                                sluice_diag *why)
{
    if (is == given)
        return SLUICE_OK;
    return sluice_diag_set(
        why, SLUICE_INVALID,
        "parameter %s has %" PRId64 " elements, not %" PRId64, name, is, given);
}

/* Whether a layer's parameter is cut across the devices. */
static bool is_cut(const sluice_pipeline *pipe, int layer)
{
    return sl_cuts_vocabulary(pipe) &&
           layer == pipe->blueprint.vocabulary.layer;
}

static sluice_status find(const sluice_pipeline *pipe, const char *name,
                          int64_t n, struct place *place, sluice_diag *why)
{
    int layer, param;
    const sluice_param_spec *spec;
    sluice_status st = sluice_model_find_parameter(pipe->blueprint.model, name,
                                                   &layer, &param, &spec, why);
    if (st)
        return st;
    *place = is_cut(pipe, layer) ? (struct place){0}
                                 : place_of(pipe, 0, layer, param);
    return check_size(name, sluice_shape_elements(&spec->shape), n, why);
}

sluice_status sluice_pipeline_get_parameter(const sluice_pipeline *pipe,
                                            const char *name, float *values,
                                            int64_t n, sluice_diag *why)
{
    struct place place;
    sluice_status st = find(pipe, name, n, &place, why);
    if (!st && !place.values)
        sl_cut_head_get(pipe, -1, values);
    else if (!st)
        memcpy(values, place.values, (size_t)n * sizeof *values);
    return st;
}

/* Values of a parameter, or of a state of it. */
struct values {
    const float *from;
    int64_t n;
    int state; /* -1: of the parameter */
};

/* Packed copies of the weights are of the old values. */
static void put(const struct sl_stage *stage, int64_t at,
                const struct values *values)
{
    float *to =
        values->state < 0 ? stage->params : stage->states[values->state];
    memcpy(to + at, values->from, (size_t)values->n * sizeof *to);
    if (values->state < 0)
        sl_products_forget(stage, stage->params);
}

/* The uses of a tensor, each in the stage of that holder; those that share
 * their weights with one before them get the same once more. */
static void put_uses(const sluice_pipeline *pipe, int holder,
                     const struct sl_tie *tie, const struct values *values)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    for (int i = 0; i < tie->n_uses; i++) {
        const struct sl_tied_use *use = &tie->uses[i];
        const struct sl_stage *stage =
            &layout->stages[sl_held_stage(&layout->grid, holder, 0, use->part)];
        put(stage, stage->units[use->unit].param_at[use->param], values);
    }
}

/* Put a parameter wherever it lies: in all holders of its part of the model,
 * and of a tied one in each stage that uses it. */
static void put_all(sluice_pipeline *pipe, int layer, int param,
                    const struct values *values)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    const struct sl_tie *tie = sl_tie_of(&bp->ties, layer, param);
    if (is_cut(pipe, layer)) {
        sl_cut_head_put(pipe, values->state, values->from);
        return;
    }
    for (int h = 0; h < sl_n_holders(&bp->grid); h++) {
        struct place place = place_of(pipe, h, layer, param);
        if (tie)
            put_uses(pipe, h, tie, values);
        else
            put(place.stage, place.at, values);
    }
}

sluice_status sluice_pipeline_set_parameter(sluice_pipeline *pipe,
                                            const char *name,
                                            const float *values, int64_t n,
                                            sluice_diag *why)
{
    int layer, param;
    const struct values given = {values, n, -1};
    const sluice_param_spec *spec;
    sluice_status st = sluice_model_find_parameter(pipe->blueprint.model, name,
                                                   &layer, &param, &spec, why);
    if (!st)
        st = check_size(name, sluice_shape_elements(&spec->shape), n, why);
    if (!st)
        st = sl_check_finite("parameter", name, values, n, why);
    if (!st)
        put_all(pipe, layer, param, &given);
    return st;
}

sluice_status sluice_pipeline_get_gradient(const sluice_pipeline *pipe,
                                           const char *name, float *values,
                                           int64_t n, sluice_diag *why)
{
    struct place place;
    sluice_status st = find(pipe, name, n, &place, why);
    if (!st && !place.values)
        sl_cut_head_get(pipe, -2, values);
    else if (!st)
        memcpy(values, place.gradient, (size_t)n * sizeof *values);
    return st;
}

bool sluice_pipeline_next_tensor(const sluice_pipeline *pipe,
                                 sluice_state_tensor *at)
{
    if (at->parameter.spec && at->state + 1 < pipe->blueprint.n_states) {
        at->state++;
        snprintf(at->name, sizeof at->name, "state%d.%s", at->state,
                 at->parameter.name);
        return true;
    }
    if (!sluice_model_next_parameter(pipe->blueprint.model, &at->parameter))
        return false;
    at->state = -1;
    snprintf(at->name, sizeof at->name, "%s", at->parameter.name);
    return true;
}

int sl_tensor_state(const char *name)
{
    static const char prefix[] = "state";
    enum { N = sizeof prefix - 1 };
    bool is_state = !strncmp(name, prefix, N) && name[N] >= '0' &&
                    name[N] <= '9' && name[N + 1] == '.';
    return is_state ? name[N] - '0' : -1;
}

static float *tensor_in(const struct place *place,
                        const sluice_state_tensor *tensor)
{
    return tensor->state < 0 ? place->values : place->states[tensor->state];
}

float *sl_pipeline_tensor(const sluice_pipeline *pipe, int holder,
                          const sluice_state_tensor *tensor)
{
    if (is_cut(pipe, tensor->parameter.layer))
        return NULL;
    struct place place = place_of(pipe, holder, tensor->parameter.layer,
                                  tensor->parameter.index);
    return tensor_in(&place, tensor);
}

void sl_pipeline_copy_tensor(const sluice_pipeline *pipe,
                             const sluice_state_tensor *tensor, float *values)
{
    const float *whole = sl_pipeline_tensor(pipe, 0, tensor);
    if (whole)
        memcpy(values, whole, (size_t)tensor->parameter.n * sizeof *values);
    else
        sl_cut_head_get(pipe, tensor->state, values);
}

void sl_pipeline_put_tensor(sluice_pipeline *pipe,
                            const sluice_state_tensor *tensor,
                            const float *values)
{
    const struct values given = {values, tensor->parameter.n, tensor->state};
    put_all(pipe, tensor->parameter.layer, tensor->parameter.index, &given);
}

static sluice_status find_tensor(const sluice_pipeline *pipe, const char *name,
                                 int64_t n, sluice_state_tensor *out,
                                 sluice_diag *why)
{
    int state = sl_tensor_state(name);
    int n_states = pipe->blueprint.n_states;
    sluice_state_tensor at = {.state = -1};
    if (state >= n_states)
        return sluice_diag_set(why, SLUICE_NOT_FOUND,
                               "there is no tensor \"%s\": the optimizer, %s, "
                               "keeps %d states of each parameter",
                               name, pipe->blueprint.optimizer->name, n_states);
    while (sluice_pipeline_next_tensor(pipe, &at))
        if (!strcmp(at.name, name)) {
            *out = at;
            if (at.parameter.n == n)
                return SLUICE_OK;
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "tensor %s has %" PRId64
                                   " elements, not %" PRId64,
                                   name, at.parameter.n, n);
        }
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "there is no tensor \"%s\": a name is that of a "
                           "parameter, \"0.weight\", or of an optimizer's "
                           "state of it, \"state0.0.weight\"",
                           name);
}

sluice_status sluice_pipeline_get_tensor(const sluice_pipeline *pipe,
                                         const char *name, float *values,
                                         int64_t n, sluice_diag *why)
{
    sluice_state_tensor tensor;
    sluice_status st = find_tensor(pipe, name, n, &tensor, why);
    if (!st)
        sl_pipeline_copy_tensor(pipe, &tensor, values);
    return st;
}

sluice_status sluice_pipeline_set_tensor(sluice_pipeline *pipe,
                                         const char *name, const float *values,
                                         int64_t n, sluice_diag *why)
{
    sluice_state_tensor tensor;
    sluice_status st = find_tensor(pipe, name, n, &tensor, why);
    if (!st && tensor.state < 0)
        st = sl_check_finite("parameter", name, values, n, why);
    if (!st)
        sl_pipeline_put_tensor(pipe, &tensor, values);
    return st;
}
