/* Caps and speeds of devices.  The thread that creates the pipeline. */
#include "pipeline/uneven/uneven.h"

#include <sluice/reshape.h>

size_t sl_uneven_cap(const sluice_pipeline_config *config, int device)
{
    size_t all = config->device_cap_bytes;
    size_t own = config->device_caps ? config->device_caps[device] : 0;
    return !own || (all && all < own) ? all : own;
}

static sluice_status check_cap(const struct sl_layout *layout, int device,
                               size_t cap, sluice_diag *why)
{
    struct sl_coordinates at = sl_coordinates_of(&layout->grid, device);
    size_t need = sl_layout_plan(layout, at)->total;
    if (!cap || need <= cap)
        return SLUICE_OK;
    sluice_diag_set(why, SLUICE_OVER_CAP,
                    "device %d needs %zu bytes but its cap is %zu; use more "
                    "devices, rematerialization, or a smaller batch",
                    device, need, cap);
    if (why)
        why->device = device;
    return SLUICE_OVER_CAP;
}

static sluice_status check_speeds(const double *speeds, int n, sluice_diag *why)
{
    for (int d = 0; d < n && speeds; d++)
        if (!(speeds[d] >= SLUICE_SLOWEST && speeds[d] <= 1))
            return sluice_diag_set(
                why, SLUICE_INVALID,
                "device %d has speed %g: give %g to 1, because a device can be "
                "made slower and not faster; divide all by the largest",
                d, speeds[d], SLUICE_SLOWEST);
    return SLUICE_OK;
}

sluice_status sl_uneven_check(const struct sl_layout *layout,
                              const sluice_pipeline_config *config,
                              sluice_diag *why)
{
    int n = sl_n_all_devices(&layout->grid);
    sluice_status st = check_speeds(config->device_speeds, n, why);
    for (int d = 0; d < n && !st; d++)
        st = check_cap(layout, d, sl_uneven_cap(config, d), why);
    return st;
}

/* By no speeds all are fast. */
static void slow(sluice_pipeline *pipe, const double *speeds)
{
    for (int i = 0; i < pipe->n_local; i++) {
        struct sl_device *device = &pipe->devices[i];
        device->delay = speeds ? 1 / speeds[device->index] - 1 : 0;
    }
}

void sl_uneven_slow(sluice_pipeline *pipe, const sluice_pipeline_config *config)
{
    if (config->device_speeds)
        slow(pipe, config->device_speeds);
}

sluice_status sluice_pipeline_set_speeds(sluice_pipeline *pipe,
                                         const double *speeds, int n,
                                         sluice_diag *why)
{
    int n_devices = sluice_pipeline_n_devices(pipe);
    if (n != n_devices)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d speeds for %d devices: give one for each", n,
                               n_devices);
    sluice_status st = check_speeds(speeds, n, why);
    if (!st)
        slow(pipe, speeds);
    return st;
}
