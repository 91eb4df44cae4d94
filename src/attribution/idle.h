/* The idle time of one device, cause by cause.  Any thread. */
#ifndef SL_ATTRIBUTION_IDLE_H
#define SL_ATTRIBUTION_IDLE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/attribution.h>

#include "attribution/trace_index.h"

/* How long a device computes, in wall time. */
int64_t sl_computing_ns(const struct sl_index *index, int device);

/*
 * Attribute the idle time of `device`, as sluice_idle_cause defines it.
 * `slowest_ns` is the largest sl_computing_ns() of all devices.
 */
void sl_attribute_device(const struct sl_index *index, int device,
                         bool cells_sleep, int64_t slowest_ns,
                         sluice_idle *idle);

#endif
