/* What ZB-H1 and ZB-H2 have in common. */
#ifndef SL_SCHED_GENERATORS_PATTERNS_ZERO_BUBBLE_H
#define SL_SCHED_GENERATORS_PATTERNS_ZERO_BUBBLE_H

#include "sched/generators/generator.h"

/*
 * Write a device's list: `warm_up` forwards, then F and I in turn, then the
 * remaining I.  Each W comes once `delay` more input gradients than weight
 * gradients have been made; when no forwards remain, I and W take turns; the
 * remaining W are last.
 */
void sl_write_zero_bubble(struct sl_writer *writer,
                          const sluice_schedule_config *config, int warm_up,
                          int delay);

#endif
