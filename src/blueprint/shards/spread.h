/*
 * Spreading what the devices of a team share over their arenas: each part goes
 * to the device that has the fewest bytes so far.
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_SHARDS_SPREAD_H
#define SL_BLUEPRINT_SHARDS_SPREAD_H

#include <stddef.h>

#include <sluice/schedule.h>

struct sl_spread {
    int n_shards;
    size_t bytes[SLUICE_MAX_DEVICES]; /* [n_shards] */
};

/* The device that the next part goes to; the first of several equal ones. */
int sl_spread_next(struct sl_spread *spread, size_t bytes);

#endif
