/* Checking layers.  The thread that builds a model. */
#include "nn/model/model_check.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text/option_value.h"
#include "nn/layers/composite.h"
#include "tensor/gemm.h"

sluice_status sl_check_layer_ops(const sluice_layer_ops *ops, sluice_diag *why)
{
    if (!ops)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a layer without its functions: `ops` is NULL");
    if (!ops->name || !ops->infer || !ops->forward || !ops->backward_input)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %s must have a name, infer(), forward() "
                               "and backward_input()",
                               ops->name ? ops->name : "?");
    return SLUICE_OK;
}

/* A composite's are those of its layers, behind "0." and the like. */
static bool is_name(const char name[SLUICE_PARAM_NAME], bool dots)
{
    size_t n = strnlen(name, SLUICE_PARAM_NAME);
    for (size_t i = 0; i < n; i++)
        if (!sl_is_name_char(name[i]) && !(dots && name[i] == '.'))
            return false;
    return n > 0 && n < SLUICE_PARAM_NAME;
}

/* A kind of start, with the numbers that it uses. */
static bool is_init(const sluice_param_spec *spec)
{
    if ((unsigned)spec->init > SLUICE_INIT_NORMAL)
        return false;
    if (spec->init == SLUICE_INIT_HE)
        return spec->fan_in > 0;
    if (spec->init == SLUICE_INIT_XAVIER)
        return spec->fan_in >= 0 && spec->fan_out >= 0 &&
               (spec->fan_in > 0 || spec->fan_out > 0);
    if (spec->init == SLUICE_INIT_NORMAL)
        return spec->std >= 0 && isfinite(spec->std);
    return true;
}

static sluice_status check_param(const sluice_layer_ops *ops,
                                 const sluice_layer_plan *plan, int p,
                                 sluice_diag *why)
{
    const sluice_param_spec *spec = &plan->params[p];
    if (!is_name(spec->name, sl_is_composite(ops)))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %s: the name of parameter %d must be 1 "
                               "to %d of [A-Za-z0-9_]",
                               ops->name, p, SLUICE_PARAM_NAME - 1);
    /* Those of a composite begin with the numbers of its layers: they differ.
     */
    for (int i = 0; i < p && !sl_is_composite(ops); i++)
        if (!strcmp(plan->params[i].name, spec->name))
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "layer %s: two parameters are named %s",
                                   ops->name, spec->name);
    if (spec->shape.n_dims == 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %s: parameter %s has no shape; let "
                               "infer() set plan->params[%d].shape, to "
                               "sluice_shape_vector(1) for one number",
                               ops->name, spec->name, p);
    if (sluice_shape_elements(&spec->shape) < 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %s: parameter %s has no elements, or "
                               "too many to count",
                               ops->name, spec->name);
    if (!is_init(spec))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %s: parameter %s starts by init %d with "
                               "fans %" PRId64 " and %" PRId64
                               " and std %g, which is not possible",
                               ops->name, spec->name, (int)spec->init,
                               spec->fan_in, spec->fan_out, spec->std);
    return SLUICE_OK;
}

static sluice_status check_sizes(const sluice_layer_ops *ops,
                                 const sluice_layer_plan *plan,
                                 sluice_diag *why)
{
    const struct {
        const char *name;
        int64_t size;
    } sizes[] = {
        {"saved_row_bytes", plan->saved_row_bytes},
        {"workspace_row_bytes", plan->workspace_row_bytes},
        {"scratch_bytes", plan->scratch_bytes},
        {"forward_row_flops", plan->forward_row_flops},
        {"input_row_flops", plan->input_row_flops},
        {"weight_row_flops", plan->weight_row_flops},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i].size < 0)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "layer %s: %s is %" PRId64, ops->name,
                                   sizes[i].name, sizes[i].size);
    return SLUICE_OK;
}

static sluice_status check_products(const sluice_layer_ops *ops,
                                    const sluice_layer_plan *plan,
                                    sluice_diag *why)
{
    if (plan->n_products < 0 ||
        (plan->n_products > SLUICE_LAYER_MAX_PRODUCTS && !sl_is_composite(ops)))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %s: %d matrix products; 0 to %d are "
                               "possible",
                               ops->name, plan->n_products,
                               SLUICE_LAYER_MAX_PRODUCTS);
    for (int k = 0; k < plan->n_products; k++) {
        const sluice_product_spec *spec = &plan->products[k];
        bool fits = spec->param >= 0 && spec->param < plan->n_params &&
                    spec->in >= 1 && spec->in <= SL_GEMM_MAX_SIZE &&
                    spec->out >= 1 && spec->out <= SL_GEMM_MAX_SIZE &&
                    spec->rows_per_row >= 0 &&
                    spec->rows_per_row <= SL_GEMM_MAX_SIZE;
        if (!fits || sluice_shape_elements(&plan->params[spec->param].shape) !=
                         spec->in * spec->out)
            return sluice_diag_set(
                why, SLUICE_INVALID,
                "layer %s: product %d, of %" PRId64 " by %" PRId64
                " elements, %" PRId64
                " times a row, does not fit its parameter %d",
                ops->name, k, spec->in, spec->out, spec->rows_per_row,
                spec->param);
    }
    return SLUICE_OK;
}

/* What a team divides: parameters of a layer that devices share, among them
 * the weights of all its products. */
static sluice_status check_division(const sluice_layer_ops *ops,
                                    const sluice_layer_plan *plan,
                                    sluice_diag *why)
{
    bool shares = ops->team == SLUICE_TEAM_SHARES;
    if (ops->team == SLUICE_TEAM_ROWS && plan->n_products > 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %s: devices of a team make its rows, and "
                               "its %d products are settled for one of them; "
                               "set `team` of the layer's table to "
                               "SLUICE_TEAM_SHARES or SLUICE_TEAM_WHOLE",
                               ops->name, plan->n_products);
    for (int p = 0; p < plan->n_params && !shares; p++)
        if (plan->params[p].divided)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "layer %s: parameter %s is divided among "
                                   "the devices of a team, so `team` of the "
                                   "layer's table must be SLUICE_TEAM_SHARES",
                                   ops->name, plan->params[p].name);
    for (int k = 0; k < plan->n_products && shares; k++) {
        const sluice_product_spec *product = &plan->products[k];
        const sluice_param_spec *w = &plan->params[product->param];
        int dim = product->own ? 0 : w->shape.n_dims - 1;
        bool by_columns = w->divided && w->by_rows == product->own &&
                          w->shape.dims[dim] == product->out;
        if (!by_columns && !sl_is_composite(ops))
            return sluice_diag_set(
                why, SLUICE_INVALID,
                "layer %s: devices of a team share the columns of product %d, "
                "so its parameter %s must be `divided`%s, with a %s dim of "
                "%" PRId64,
                ops->name, k, w->name, product->own ? " `by_rows`" : "",
                product->own ? "first" : "last", product->out);
    }
    return SLUICE_OK;
}

sluice_status sl_check_layer_plan(const sluice_layer_ops *ops,
                                  const sluice_layer_plan *plan,
                                  sluice_diag *why)
{
    if (plan->out.n_dims == 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %s: the output has no shape; let infer() "
                               "set plan->out, to sluice_shape_vector(1) for "
                               "one number",
                               ops->name);
    if (sluice_shape_elements(&plan->out) < 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %s: the output has no elements, or too "
                               "many to count",
                               ops->name);
    if (plan->in_type != SLUICE_UNTYPED && plan->in_type != SLUICE_F32 &&
        plan->in_type != SLUICE_I32)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %s: its input is of type %s; let infer() "
                               "set plan->in_type to SLUICE_F32 or SLUICE_I32",
                               ops->name, sluice_element_name(plan->in_type));
    if (plan->n_params < 0 ||
        (plan->n_params > SLUICE_LAYER_MAX_PARAMS && !sl_is_composite(ops)))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %s: %d parameters; 0 to %d are possible",
                               ops->name, plan->n_params,
                               SLUICE_LAYER_MAX_PARAMS);
    if (plan->n_params > 0 && !ops->backward_weight)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %s has parameters, so it must have "
                               "backward_weight()",
                               ops->name);
    for (int p = 0; p < plan->n_params; p++)
        if (plan->params[p].statistic && !ops->update_statistics)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "layer %s: parameter %s is a statistic, so "
                                   "the layer must have update_statistics()",
                                   ops->name, plan->params[p].name);
    sluice_status st = check_sizes(ops, plan, why);
    for (int p = 0; p < plan->n_params && !st; p++)
        st = check_param(ops, plan, p, why);
    if (!st)
        st = check_products(ops, plan, why);
    return st ? st : check_division(ops, plan, why);
}
