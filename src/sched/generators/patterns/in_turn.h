/* One forward, one backward in turn: the order of 1F1B and what descends from
 * it, with one stage on each device.  One thread. */
#ifndef SL_SCHED_GENERATORS_PATTERNS_IN_TURN_H
#define SL_SCHED_GENERATORS_PATTERNS_IN_TURN_H

#include "sched/generators/generator.h"

struct sl_in_turn {
    int warm_up; /* forwards before the first that has a backward behind it;
                    more than there are: all */
    int group;   /* micro-batches whose backwards an UPDATE follows */

    /* The version that the forward of a micro-batch uses; NULL: the newest. */
    int (*version)(const sluice_schedule_config *config, int microbatch);
};

/* Write the list of the writer's device: the forwards of the warm-up; then a
 * forward, while there are any left, and a backward in turn. */
void sl_write_in_turn(struct sl_writer *writer,
                      const sluice_schedule_config *config,
                      struct sl_in_turn order);

#endif
