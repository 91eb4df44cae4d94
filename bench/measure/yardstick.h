/*
 * What a measured pipeline must have computed: the parameters of the
 * sequential reference after the same steps.
 */
#ifndef BENCH_MEASURE_YARDSTICK_H
#define BENCH_MEASURE_YARDSTICK_H

#include <stdint.h>

#include <sluice/pipeline.h>
#include <sluice/status.h>

#include "bench/measure/measure_config.h"

struct yardstick;

/*
 * Train the sequential reference for all the steps of a measurement; it serves
 * for any number of devices, and for the number of replicas and micro-batches
 * it was made with.
 *
 * Returns  SLUICE_OK, or the reference's error; SLUICE_INVALID for a schedule
 *          that no reference follows, see sluice_reference_exists();
 * SLUICE_NO_MEMORY.
 */
sluice_status yardstick_create(const struct measure_config *config,
                               struct yardstick **out, sluice_diag *why);

/* NULL is allowed. */
void yardstick_destroy(struct yardstick *yardstick);

/*
 * Count the elements of all parameters whose bits differ; of a team that
 * multiplies by OpenBLAS, whose bits are not promised, those that differ by
 * more than 1e-5 of the larger, or of 1.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status yardstick_compare(const struct yardstick *yardstick,
                                const struct measure_config *config,
                                const sluice_pipeline *pipe, int64_t *wrong,
                                sluice_diag *why);

#endif
