/* What the watchdog is told, and what it has seen of a device.  The caller. */
#ifndef SL_PIPELINE_WATCH_SIGHTING_H
#define SL_PIPELINE_WATCH_SIGHTING_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/watch.h>

/* const after create */
struct sl_watchdog {
    int64_t limit_ns; /* 0: there is no watchdog */
    sluice_on_stuck *on_stuck;
    void *context;
};

/* What the caller has seen of one device. */
struct sl_sighting {
    uint64_t place;
    int64_t age_ns;
    bool told; /* it has been reported at this place */
};

#endif
