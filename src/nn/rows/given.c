/* What infer() of a layer is given.  Any thread; no state. */
#include "nn/rows/given.h"

sluice_status sl_layer_given(const char *layer, const void *config,
                             const sluice_layer_plan *plan, sluice_diag *why)
{
    if (!config)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s: infer() without a config; give a config, "
                               "or add the layer by sluice_model_add()",
                               layer);
    if (!plan->params || !plan->products)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s: infer() without room for %s; set "
                               "plan->%s to an array of %d",
                               layer, plan->params ? "products" : "parameters",
                               plan->params ? "products" : "params",
                               plan->params ? SLUICE_LAYER_MAX_PRODUCTS
                                            : SLUICE_LAYER_MAX_PARAMS);
    if (plan->in.n_dims < 1 || sluice_shape_elements(&plan->in) < 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s: infer() without the shape of its input; "
                               "set plan->in to at least one dimension of at "
                               "least 1",
                               layer);
    return SLUICE_OK;
}
