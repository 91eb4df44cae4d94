/* Any text as a file of devices. */
#include "text_target.h"

#include <stdio.h>

#include "bench/plan/machine_file.h"

static sluice_status parse(const char *text, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why)
{
    struct machine machine;
    (void)allocator;
    /* fmemopen() refuses 0 bytes; the 0 that follows is no line's end. */
    FILE *in = n ? fmemopen((void *)(uintptr_t)text, n, "r")
                 : fopen("/dev/null", "re");
    text_require(in != NULL);
    sluice_status st = machine_parse(in, &machine, why);
    fclose(in);
    if (st)
        return st;
    text_require(machine.n_devices >= 1 &&
                 machine.n_devices <= SLUICE_MAX_DEVICES &&
                 machine.latency_ns >= 0 && machine.network_ns >= 0);
    for (int d = 0; d < machine.n_devices; d++) {
        const sluice_plan_device *device = &machine.devices[d];
        text_require(device->speed >= 0 && device->speed <= 1e3 &&
                     device->node < machine.n_nodes);
    }
    return SLUICE_OK;
}

const struct text_target text_target = {parse, 0, 0};
