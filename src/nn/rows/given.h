/*
 * What infer() of a layer is given, for a program that calls the table's
 * functions itself; a model always gives all of it.
 *
 * Threads: any; no state.
 */
#ifndef SL_NN_ROWS_GIVEN_H
#define SL_NN_ROWS_GIVEN_H

#include <sluice/layer.h>

/*
 * Whether there are a config, room for parameters and products, and the shape
 * of a row of the input.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID with the first that is missing.
 */
sluice_status sl_layer_given(const char *layer, const void *config,
                             const sluice_layer_plan *plan, sluice_diag *why);

#endif
