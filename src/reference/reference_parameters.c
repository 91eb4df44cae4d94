/* Parameters and gradients of the reference, by name. */
#include "reference/reference.h"

#include <string.h>

#include "base/finite.h"

/* Find a parameter of n elements. */
static sluice_status find(const sluice_reference *ref, const char *name,
                          int64_t n, struct sl_reference_param *param,
                          sluice_diag *why)
{
    int layer, p;
    sluice_status st =
        sluice_model_find_parameter(ref->model, name, &layer, &p, NULL, why);
    if (st)
        return st;
    *param = ref->layers[layer].params[p];
    if (param->n != n)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "parameter %s has %lld elements, not %lld", name,
                               (long long)param->n, (long long)n);
    return SLUICE_OK;
}

sluice_status sluice_reference_get_parameter(const sluice_reference *ref,
                                             const char *name, float *values,
                                             int64_t n, sluice_diag *why)
{
    struct sl_reference_param param;
    sluice_status st = find(ref, name, n, &param, why);
    if (!st)
        memcpy(values, param.w, (size_t)n * sizeof *values);
    return st;
}

sluice_status sluice_reference_set_parameter(sluice_reference *ref,
                                             const char *name,
                                             const float *values, int64_t n,
                                             sluice_diag *why)
{
    struct sl_reference_param param;
    sluice_status st = find(ref, name, n, &param, why);
    if (!st)
        st = sl_check_finite("parameter", name, values, n, why);
    if (!st)
        memcpy(param.w, values, (size_t)n * sizeof *values);
    sl_reference_forget(ref);
    return st;
}

sluice_status sluice_reference_get_gradient(const sluice_reference *ref,
                                            const char *name, float *values,
                                            int64_t n, sluice_diag *why)
{
    struct sl_reference_param param;
    sluice_status st = find(ref, name, n, &param, why);
    if (!st)
        memcpy(values, param.g, (size_t)n * sizeof *values);
    return st;
}

/* A tied one has no values of its own. */
static void copy_param(struct sl_reference_param *to,
                       const struct sl_reference_param *from, int n_states)
{
    size_t bytes = (size_t)to->n * sizeof(float);
    if (to->first)
        return;
    memcpy(to->w, from->w, bytes);
    for (int s = 0; s < n_states; s++)
        memcpy(to->state[s], from->state[s], bytes);
}

sluice_status sluice_reference_continue(sluice_reference *ref,
                                        const sluice_reference *from,
                                        sluice_diag *why)
{
    if (ref->model != from->model)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the two references have different models; "
                               "create both from one");
    if (ref->n_states != from->n_states)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the optimizer keeps %d states of each "
                               "parameter, and that of the other reference "
                               "%d; create both with one",
                               ref->n_states, from->n_states);
    for (int i = 0; i < ref->n_layers; i++)
        for (int p = 0; p < ref->layers[i].plan->n_params; p++)
            copy_param(&ref->layers[i].params[p], &from->layers[i].params[p],
                       ref->n_states);
    ref->step = from->step;
    ref->learning_rate = from->learning_rate;
    sl_reference_forget(ref);
    return SLUICE_OK;
}
