/*
 * The order of a pipeline's work: what the options ask for, as the library
 * wants to hear it.
 */
#ifndef BENCH_MEASURE_ORDER_H
#define BENCH_MEASURE_ORDER_H

#include <sluice/pipeline.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

#include "bench/cli/option.h"

/* What to generate for so many devices and micro-batches. */
sluice_schedule_config order_config(const struct order_options *order,
                                    int devices, int microbatches);

/*
 * The schedule, its recomputes included.
 *
 * Returns  as sluice_schedule_generate().
 */
sluice_status order_schedule(const struct order_options *order, int devices,
                             int microbatches, sluice_schedule **out,
                             sluice_diag *why);

/* Have a pipeline work in this order. */
void order_apply(const struct order_options *order,
                 sluice_pipeline_config *config);

#endif
