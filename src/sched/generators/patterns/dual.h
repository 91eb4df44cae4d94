/* What DualPipe and DualPipe-V have in common. */
#ifndef SL_SCHED_GENERATORS_PATTERNS_DUAL_H
#define SL_SCHED_GENERATORS_PATTERNS_DUAL_H

#include "sched/generators/generator.h"

/* One of the two streams of micro-batches that meet on a device. */
struct sl_stream {
    int stage;
    int first; /* micro-batch; the others follow */
};

/*
 * Write a device's list for `n` micro-batches of each stream, in the eight
 * phases of DualPipe.  `far` is how many devices of `half` lie between this one
 * and the end at which stream 0 comes in: 0 .. half - 1.  n >= 2 * half.
 */
void sl_write_dual(struct sl_writer *writer, struct sl_stream first,
                   struct sl_stream second, int n, int far, int half);

#endif
