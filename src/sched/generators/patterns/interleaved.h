/*
 * The order that the interleaved schedules share: v chunks of the model on each
 * device, chunk c of device r being stage c p + r; micro-batches go through a
 * chunk in groups (Narayanan et al., 2021, section 2.2).
 */
#ifndef SL_SCHED_PATTERNS_INTERLEAVED_H
#define SL_SCHED_PATTERNS_INTERLEAVED_H

#include "sched/generators/generator.h"

struct sl_interleaved {
    int chunks;
    int group;   /* micro-batches that go through a chunk before the next does;
                    the last group may be smaller */
    int warm_up; /* forwards ahead for each device behind */
    bool split;  /* I, and its W `delay` backwards later, in place of B */
    int delay;
};

/* Forwards that device `r` does before its first backward, if there are so
 * many. */
int sl_interleaved_ahead(const sluice_schedule_config *config,
                         const struct sl_interleaved *order, int r);

/* The list of the writer's device, updates included. */
void sl_write_interleaved(struct sl_writer *writer,
                          const sluice_schedule_config *config,
                          const struct sl_interleaved *order);

/*
 * As sl_generator.check: a last group that is smaller than the others shifts
 * the backwards against the forwards, and a device may then wait for its own
 * future; so may one that warms up too far.  Which ones, the proof tells.
 */
sluice_status sl_check_interleaved(const sluice_schedule *schedule,
                                   const sluice_schedule_config *config,
                                   sluice_diag *why);

#endif
