/* Whether a layer, perhaps a user's, is one that devices can run. */
#ifndef SL_NN_MODEL_MODEL_CHECK_H
#define SL_NN_MODEL_MODEL_CHECK_H

#include <sluice/layer.h>

/*
 * Whether all functions are there that must be.
 *
 * Returns  SLUICE_OK, or SLUICE_INVALID naming the function.
 */
sluice_status sl_check_layer_ops(const sluice_layer_ops *ops, sluice_diag *why);

/*
 * Whether what infer() has settled is valid: shapes that were set and have
 * elements, parameters with proper names and fans, no negative sizes.
 *
 * Returns  SLUICE_OK, or SLUICE_INVALID with layer and number.
 */
sluice_status sl_check_layer_plan(const sluice_layer_ops *ops,
                                  const sluice_layer_plan *plan,
                                  sluice_diag *why);

#endif
