/* A shape that is given to a pipeline.  The caller's thread. */
#include "train/adapt/held.h"

#include <sluice/reshape.h>

#include "pipeline/pipeline.h"
#include "pipeline/uneven/uneven.h"

sluice_status sl_held_apply(const struct sl_held_shape *shape,
                            const sluice_pipeline_config *created,
                            const double *slowed, const struct sl_cpus *cpus,
                            sluice_pipeline *pipe, sluice_diag *why)
{
    double speeds[SLUICE_MAX_DEVICES];
    size_t caps[SLUICE_MAX_DEVICES];
    int listed[SLUICE_MAX_DEVICES];
    sluice_pipeline_config config = *created;
    bool pinned = true;
    if (shape->plan) {
        sluice_status st =
            sluice_plan_apply(shape->plan, pipe->blueprint.model, &config, why);
        if (st)
            return st;
    }
    for (int p = 0; p < shape->n_places; p++) {
        int device = shape->places[p];
        speeds[p] = slowed ? slowed[device] : 1;
        caps[p] = sl_uneven_cap(created, device);
        listed[p] = cpus->of[device];
        pinned &= listed[p] >= 0;
    }
    config.device_speeds = slowed ? speeds : NULL;
    config.device_caps = caps;
    if (pinned) {
        config.pinning = SLUICE_PIN_LIST;
        config.pin_cpus = listed;
        config.n_pin_cpus = shape->n_places;
    }
    return sluice_pipeline_reshape(pipe, &config, why);
}
