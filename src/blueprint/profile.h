/* Measuring what each layer costs, for a cut by time. */
#ifndef SL_BLUEPRINT_PROFILE_H
#define SL_BLUEPRINT_PROFILE_H

#include <sluice/model.h>

/*
 * Run each layer's forward and backward on one micro-batch of random numbers
 * and take the shortest of a few times.
 *
 * Shapes   costs_ns[n_layers].
 * Threads  the caller's; BLAS on one thread meanwhile.
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY; or what a layer returned.
 */
sluice_status sl_profile_model(const sluice_model *model, int64_t rows,
                               const sluice_allocator *allocator,
                               double *costs_ns, sluice_diag *why);

#endif
