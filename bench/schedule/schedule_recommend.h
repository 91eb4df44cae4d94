/* Which schedule suits K, M and memory. */
#ifndef BENCH_SCHEDULE_SCHEDULE_RECOMMEND_H
#define BENCH_SCHEDULE_SCHEDULE_RECOMMEND_H

#include "bench/output/table.h"
#include "bench/schedule/schedule_wanted.h"

enum { RECOMMEND_TEXT = 384 };

/*
 * Write a row for each schedule that K devices can follow, the fastest first: a
 * plan for a model of equal layers, four on each device, which together take
 * the costs of a device.  A limit in micro-batches counts their activations.
 * The sentence says which to take, and why.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID for costs of stages or a limit in bytes;
 *          as sluice_plan_find().
 */
sluice_status schedule_recommend(const struct schedule_wanted *wanted,
                                 struct table *table,
                                 char sentence[RECOMMEND_TEXT],
                                 sluice_diag *why);

#endif
