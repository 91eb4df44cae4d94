/*
 * The order of a pipeline's work: what the options ask for, as the library
 * wants to hear it.
 */
#ifndef BENCH_MEASURE_ORDER_H
#define BENCH_MEASURE_ORDER_H

#include <stdbool.h>

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

/*
 * The order in which every stage adds up the gradients of its micro-batches,
 * read off the schedule.
 *
 * Returns  false if it is neither of the two, for all stages alike: then there
 *          is no sequential reference with the same bits.
 */
bool order_find(const sluice_schedule *schedule, sluice_backward_order *order);

#endif
