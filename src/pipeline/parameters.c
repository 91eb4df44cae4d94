/* Parameters by name, wherever they live.  The caller, between steps. */
#include <inttypes.h>
#include <string.h>

#include "base/finite.h"
#include "pipeline/pipeline.h"

/* Where a parameter lies. */
struct place {
    float *values;
    float *gradient;
    int64_t n;
    const struct sl_stage *stage;
};

/* In the copy of the model that holder number `holder` of each part belongs
 * to. */
static struct place place_of(const sluice_pipeline *pipe, int holder, int layer,
                             int param)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    for (int s = 0; s < layout->grid.depth; s++) {
        const struct sl_stage *stage =
            &layout->stages[sl_held_stage(&layout->grid, holder, s)];
        int i = layer - stage->units[0].layer;
        if (i < 0 || i >= stage->n_units)
            continue;
        const struct sl_unit *unit = &stage->units[i];
        return (struct place){
            .values = stage->params + unit->param_at[param],
            .gradient = stage->grads + unit->param_at[param],
            .n = sluice_shape_elements(&unit->plan->params[param].shape),
            .stage = stage,
        };
    }
    return (struct place){0}; /* every layer is in a stage */
}

static sluice_status find(const sluice_pipeline *pipe, int holder,
                          const char *name, int64_t n, struct place *place,
                          sluice_diag *why)
{
    int layer, param;
    sluice_status st = sluice_model_find_parameter(pipe->blueprint.model, name,
                                                   &layer, &param, NULL, why);
    if (st)
        return st;
    *place = place_of(pipe, holder, layer, param);
    if (place->n == n)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "parameter %s has %" PRId64
                           " elements, not %" PRId64,
                           name, place->n, n);
}

sluice_status sluice_pipeline_get_parameter(const sluice_pipeline *pipe,
                                            const char *name, float *values,
                                            int64_t n, sluice_diag *why)
{
    struct place place;
    sluice_status st = find(pipe, 0, name, n, &place, why);
    if (!st)
        memcpy(values, place.values, (size_t)n * sizeof *values);
    return st;
}

sluice_status sluice_pipeline_set_parameter(sluice_pipeline *pipe,
                                            const char *name,
                                            const float *values, int64_t n,
                                            sluice_diag *why)
{
    struct place place;
    sluice_status st = SLUICE_OK;
    int n_holders = sl_n_holders(&pipe->blueprint.grid);
    for (int c = 0; c < n_holders && !st; c++) {
        st = find(pipe, c, name, n, &place, why);
        if (!st && c == 0)
            st = sl_check_finite("parameter", name, values, n, why);
        if (st)
            break;
        memcpy(place.values, values, (size_t)n * sizeof *values);
        sl_products_forget(place.stage, place.stage->params);
    }
    return st;
}

sluice_status sluice_pipeline_get_gradient(const sluice_pipeline *pipe,
                                           const char *name, float *values,
                                           int64_t n, sluice_diag *why)
{
    struct place place;
    sluice_status st = find(pipe, 0, name, n, &place, why);
    if (!st)
        memcpy(values, place.gradient, (size_t)n * sizeof *values);
    return st;
}
