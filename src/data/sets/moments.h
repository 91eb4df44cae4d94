/*
 * Mean and deviation of all features of a data set.
 *
 * Threads: any; no state.
 */
#ifndef SL_DATA_SETS_MOMENTS_H
#define SL_DATA_SETS_MOMENTS_H

#include <sluice/dataset.h>

/*
 * Mean and deviation (of the population, so divided by n) of x * scale; if all
 * are equal, the deviation is given as 1, so that it can be divided by.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if a feature is not finite.
 */
sluice_status sl_measure(const sluice_array *features, double scale,
                         double *mean, double *deviation, sluice_diag *why);

#endif
