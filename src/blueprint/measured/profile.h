/* Measuring what each layer costs, for a cut by time. */
#ifndef SL_BLUEPRINT_MEASURED_PROFILE_H
#define SL_BLUEPRINT_MEASURED_PROFILE_H

#include <sluice/model.h>

#include "blueprint/products.h"

/*
 * Run each layer's forward and backward on one micro-batch of random numbers,
 * with the products of the pipeline, and take the shortest of a few times.  If
 * the buffers for that would take more than `cap_bytes` (0: no cap), fewer rows
 * are run, with products for those, and the time is taken to be in proportion.
 *
 * Shapes   costs_ns[n_layers].
 * Threads  the caller's; BLAS on one thread meanwhile.
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY, SLUICE_SYSTEM; SLUICE_OVER_CAP if the
 *          cap does not allow one row; or what a layer returned.
 */
sluice_status sl_profile_model(const sluice_model *model,
                               const struct sl_products_choice *products,
                               size_t cap_bytes,
                               const sluice_allocator *allocator,
                               double *costs_ns, sluice_diag *why);

#endif
