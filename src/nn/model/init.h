/* How parameters start. */
#ifndef SL_NN_MODEL_INIT_H
#define SL_NN_MODEL_INIT_H

#include <sluice/layer.h>

#include "base/split.h"

/*
 * Fill values[spec->shape] as `spec` says, for parameter `param` of layer
 * `layer`.  Each value depends on (seed, layer, param, its place) and nothing
 * else.
 *
 * Threads  any.
 */
void sl_param_init(const sluice_param_spec *spec, uint64_t seed, int layer,
                   int param, float *values);

/* The same of a run of its elements: values[run.n]. */
void sl_param_init_run(const sluice_param_spec *spec, uint64_t seed, int layer,
                       int param, struct sl_rows run, float *values);

#endif
