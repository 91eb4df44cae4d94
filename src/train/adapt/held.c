/* A shape that is given to a pipeline.  The caller's thread. */
#include "train/adapt/held.h"

#include <sluice/reshape.h>
#include <sluice/world.h>

#include "pipeline/pipeline.h"
#include "pipeline/uneven/uneven.h"

/* What the devices of a shape are told. */
struct lists {
    double speeds[SLUICE_MAX_DEVICES];
    size_t caps[SLUICE_MAX_DEVICES];
    int processes[SLUICE_MAX_DEVICES];
    int cpus[SLUICE_MAX_DEVICES]; /* of devices of this process */
    int n_cpus;
    bool pinned;
};

static void list(const struct sl_held_shape *shape,
                 const sluice_pipeline_config *created, const double *slowed,
                 const struct sl_cpus *cpus, struct lists *lists)
{
    lists->n_cpus = 0;
    lists->pinned = true;
    for (int p = 0; p < shape->n_places; p++) {
        int device = shape->places[p];
        lists->speeds[p] = slowed ? slowed[device] : 1;
        lists->caps[p] = sl_uneven_cap(created, device);
        lists->processes[p] = cpus->process[device];
        if (cpus->process[device] != cpus->rank)
            continue;
        lists->cpus[lists->n_cpus++] = cpus->of[device];
        lists->pinned &= cpus->of[device] >= 0;
    }
}

sluice_status sl_held_apply(const struct sl_held_shape *shape,
                            const sluice_pipeline_config *created,
                            const double *slowed, const struct sl_cpus *cpus,
                            sluice_pipeline *pipe, sluice_status st,
                            sluice_diag *why)
{
    struct lists lists;
    sluice_pipeline_config config = *created;
    if (!st && shape->plan)
        st =
            sluice_plan_apply(shape->plan, pipe->blueprint.model, &config, why);
    st = sluice_world_agree(pipe->world, st, why);
    if (st)
        return st;
    list(shape, created, slowed, cpus, &lists);
    config.device_speeds = slowed ? lists.speeds : NULL;
    config.device_caps = lists.caps;
    if (pipe->world) {
        config.processes = lists.processes;
        config.n_processes = shape->n_places;
    }
    if (lists.pinned) {
        config.pinning = SLUICE_PIN_LIST;
        config.pin_cpus = lists.cpus;
        config.n_pin_cpus = lists.n_cpus;
    }
    return sluice_pipeline_reshape(pipe, &config, why);
}
