/* Caps and speeds of devices.  The thread that creates the pipeline. */
#include "pipeline/uneven/uneven.h"

/* The smaller of the cap of all and of its own; 0: none. */
static size_t cap_of(const sluice_pipeline_config *config, int device)
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

sluice_status sl_uneven_check(const struct sl_layout *layout,
                              const sluice_pipeline_config *config,
                              sluice_diag *why)
{
    const double *speeds = config->device_speeds;
    int n = sl_n_all_devices(&layout->grid);
    for (int d = 0; d < n && speeds; d++)
        if (!(speeds[d] >= SLUICE_SLOWEST && speeds[d] <= 1))
            return sluice_diag_set(
                why, SLUICE_INVALID,
                "device %d has speed %g: give %g to 1, because a device can be "
                "made slower and not faster; divide all by the largest",
                d, speeds[d], SLUICE_SLOWEST);
    sluice_status st = SLUICE_OK;
    for (int d = 0; d < n && !st; d++)
        st = check_cap(layout, d, cap_of(config, d), why);
    return st;
}

void sl_uneven_slow(sluice_pipeline *pipe, const sluice_pipeline_config *config)
{
    for (int i = 0; i < pipe->n_local && config->device_speeds; i++) {
        struct sl_device *device = &pipe->devices[i];
        device->delay = 1 / config->device_speeds[device->index] - 1;
    }
}
