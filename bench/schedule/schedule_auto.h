/* The schedule that is searched for. */
#ifndef BENCH_SCHEDULE_SCHEDULE_AUTO_H
#define BENCH_SCHEDULE_SCHEDULE_AUTO_H

#include "bench/schedule/schedule_wanted.h"

/*
 * Search with the costs, latency, capacity, chunks and limit that are wanted.
 *
 * Returns  as sluice_schedule_search().
 */
sluice_status schedule_auto(const struct schedule_wanted *wanted, int devices,
                            int microbatches, sluice_schedule **out,
                            sluice_diag *why);

#endif
