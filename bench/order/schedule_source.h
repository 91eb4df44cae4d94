/*
 * Where a schedule comes from: a generator, a file, or the search for the best
 * order, as its name says.  Every command that takes a schedule takes all
 * three.
 */
#ifndef BENCH_ORDER_SCHEDULE_SOURCE_H
#define BENCH_ORDER_SCHEDULE_SOURCE_H

#include <sluice/schedule.h>
#include <sluice/status.h>

#include "bench/order/order.h"
#include "bench/order/schedule_auto.h"
#include "bench/order/schedule_costs.h"

/*
 * Read a file as it is: JSON or a plan if its name ends so, else CSV.
 *
 * Returns  as sluice_schedule_read_csv(), sluice_schedule_read_json(),
 *          sluice_plan_read().
 */
sluice_status schedule_read(const char *path, sluice_schedule **out,
                            sluice_diag *why);

/*
 * Generate, read or search for the schedule that the order names.  `costs` and
 * `goal` count for the search alone.  A file has
 * its own numbers of devices and micro-batches: `devices` and `microbatches`
 * must be these, or 0.
 *
 * Returns  as sluice_schedule_generate(), schedule_read(),
 *          sluice_schedule_search(); SLUICE_INVALID if the numbers differ.
 */
sluice_status schedule_open(const struct order_options *order,
                            const struct schedule_costs *costs,
                            struct schedule_goal goal, int devices,
                            int microbatches, sluice_schedule **out,
                            sluice_diag *why);

/*
 * Fill in, of a file, the numbers that are 0; other schedules have none of
 * their own.
 *
 * Returns  as schedule_open() of a file.
 */
sluice_status schedule_sizes(const struct order_options *order, int *devices,
                             int *microbatches, sluice_diag *why);

/*
 * The schedule, its recomputes included.
 *
 * Returns  as schedule_open(), with equal costs, for the shortest makespan.
 */
sluice_status order_schedule(const struct order_options *order, int devices,
                             int microbatches, sluice_schedule **out,
                             sluice_diag *why);

/*
 * The same for sluice_pipeline_config.custom: NULL if the pipeline generates
 * the schedule itself.
 */
sluice_status order_custom(const struct order_options *order, int devices,
                           int microbatches, sluice_schedule **out,
                           sluice_diag *why);

/* As command_fail(); what is wrong with a schedule from a file is told with the
 * file's name. */
int order_fail(const char *called, const struct order_options *order,
               const sluice_diag *why);

#endif
