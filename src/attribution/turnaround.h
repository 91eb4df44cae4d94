/* The ways of micro-batches around a device that has nothing to do.  Any
 * thread. */
#ifndef SL_ATTRIBUTION_TURNAROUND_H
#define SL_ATTRIBUTION_TURNAROUND_H

#include <stdint.h>

#include "attribution/trace_index.h"

/*
 * A device has had nothing to do since `from`, and waits for its first
 * backward, whose input `e` makes.  Follow the way of that input back, from
 * stage to stage up to the last one and down its forwards again.
 *
 * Returns  the time it was held up on its way: by devices in front of it that
 *          were busy with something else.
 */
int64_t sl_held_up(const struct sl_index *index, const sluice_trace_event *e,
                   int64_t from);

/*
 * A device has done its last action, `e`.  Follow what it made to the end of
 * the pipeline.
 *
 * Returns  the time that was held up on its way, likewise.
 */
int64_t sl_held_up_after(const struct sl_index *index,
                         const sluice_trace_event *e);

#endif
