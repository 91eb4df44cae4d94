/* A pipeline in which a device is stuck: the others come to wait, in the end
 * for it.  The caller, or the watchdog's function. */
#ifndef SL_TEST_PIPELINE_FAILURES_STANDSTILL_H
#define SL_TEST_PIPELINE_FAILURES_STANDSTILL_H

#include <sched.h>
#include <stdbool.h>

#include <sluice/pipeline.h>
#include <sluice/watch.h>

/* The others go on for a while; in the end all of them wait. */
static inline void sl_test_await_standstill(sluice_pipeline *pipe, int stuck)
{
    for (int d = 0; d < sluice_pipeline_n_devices(pipe); d++) {
        sluice_activity a;
        do {
            sched_yield();
            sluice_pipeline_activity(pipe, d, &a);
        } while (d != stuck &&
                 (a.doing == SLUICE_RUNNING || a.doing == SLUICE_IDLE));
    }
}

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

#endif
