/* A pipeline in which a device is stuck: the others come to wait, in the end
 * for it.  The caller, or the watchdog's function. */
#ifndef SL_TEST_PIPELINE_FAILURES_STANDSTILL_H
#define SL_TEST_PIPELINE_FAILURES_STANDSTILL_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <sluice/pipeline.h>
#include <sluice/watch.h>

#include "base/clock.h"

enum { SL_TEST_STANDSTILL_S = 30 };

/* Whether the device's wait leads to the one that is stuck. */
static inline bool sl_test_leads_to(sluice_pipeline *pipe, int device,
                                    int stuck)
{
    for (int i = 0; i < sluice_pipeline_n_devices(pipe); i++) {
        sluice_activity a;
        sluice_pipeline_activity(pipe, device, &a);
        if (a.device == stuck)
            return true;
        if (a.waits_for < 0)
            return false;
        device = a.waits_for;
    }
    return device == stuck;
}

/* The others go on for a while; in the end the wait of each leads to the one
 * that is stuck.  Whether it did, within half a minute. */
static inline bool sl_test_await_standstill(sluice_pipeline *pipe, int stuck)
{
    int64_t end_ns = sl_now_ns() + SL_TEST_STANDSTILL_S * INT64_C(1000000000);
    for (int d = 0; d < sluice_pipeline_n_devices(pipe); d++)
        while (!sl_test_leads_to(pipe, d, stuck)) {
            if (sl_now_ns() > end_ns)
                return false;
            sched_yield();
        }
    return true;
}

/* Wait until `waits`, which a device sets in the cell where it is stuck, or
 * until the device that was reported has left its place.  A device is reported
 * once at each place, and if its thread was preempted this is before it comes
 * to the cell.  Whether a device waits in the cell. */
static inline bool sl_test_await_cell(sluice_pipeline *pipe,
                                      const sluice_activity *reported,
                                      const atomic_bool *waits)
{
    sluice_activity now = *reported;
    while (!atomic_load(waits) && now.doing == reported->doing &&
           now.layer == reported->layer && !strcmp(now.part, reported->part) &&
           !strcmp(now.operation, reported->operation)) {
        sched_yield();
        sluice_pipeline_activity(pipe, reported->device, &now);
    }
    return atomic_load(waits);
}

#endif
