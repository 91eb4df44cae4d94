/* The option --speeds: how fast the devices are, compared with each other. */
#ifndef BENCH_ORDER_DEVICE_SPEEDS_H
#define BENCH_ORDER_DEVICE_SPEEDS_H

#include <sluice/schedule.h>
#include <sluice/status.h>

#include "bench/cli/option.h"

/* n == 0: all have speed 1. */
struct device_speeds {
    int n;
    double of[SLUICE_MAX_DEVICES]; /* 0.001 to `most` of the option, 0: 1000 */
    const char *text;              /* as they were given */
};

extern const struct option_type option_speeds; /* struct device_speeds */

/*
 * Refuse a list that is not one for each of `devices`.
 *
 * Returns  SLUICE_OK, also if none was given; SLUICE_INVALID.
 */
sluice_status device_speeds_check(const struct device_speeds *speeds,
                                  int devices, sluice_diag *why);

#endif
