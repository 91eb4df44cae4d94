/*
 * The watchdog: while the caller waits for the devices it looks where they are,
 * and reports one that stays.
 *
 * A device's age is the time for which it has been seen at one place.  A look
 * adds no more than twice the time between two looks, so an age does not grow
 * while the process stands still: what looks late was not running, and neither
 * were the devices.
 *
 * Threads: the caller, while a job runs.
 */
#ifndef SL_PIPELINE_WATCH_WATCHDOG_H
#define SL_PIPELINE_WATCH_WATCHDOG_H

#include <stdint.h>

#include <sluice/watch.h>

#include "pipeline/watch/sighting.h"

/* How long to wait between two looks; without a watchdog, until the devices
 * are to be roused. */
int64_t sl_watchdog_period(const struct sl_watchdog *watchdog);

/* A job begins at `now_ns`: nothing has been seen. */
void sl_watchdog_begin(struct sluice_pipeline *pipe, int64_t now_ns);

/* Look at all devices, and report those that are stuck. */
void sl_watchdog_look(struct sluice_pipeline *pipe, int64_t now_ns);

#endif
