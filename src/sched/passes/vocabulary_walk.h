/*
 * Inserting S and T into a schedule, by executing its lists on a clock.  One
 * thread.
 */
#ifndef SL_SCHED_PASSES_VOCABULARY_WALK_H
#define SL_SCHED_PASSES_VOCABULARY_WALK_H

#include "sched/schedule.h"

/* Durations. */
struct sl_prices {
    const int64_t *costs_ns; /* [stage][SLUICE_N_ACTION_KINDS] */
    size_t stride;           /* from stage to stage; 0: all cost the same */
};

/*
 * Insert S and T into a schedule that runs with queues of `capacity` items;
 * *end is when the last action ends, UPDATEs not counted.
 *
 * Returns  SLUICE_OK; SLUICE_SCHEDULE if devices would wait for each other;
 *          SLUICE_INVALID if a list gets too long;
 *          SLUICE_NO_MEMORY.
 */
sluice_status sl_vocabulary_insert(const sluice_schedule *schedule,
                                   struct sl_prices prices, int capacity,
                                   sluice_schedule **out, int64_t *end,
                                   sluice_diag *why);

#endif
