/* The watchdog.  The caller. */
#include "pipeline/watch/watchdog.h"

#include "pipeline/pipeline.h"

/* A limit is exceeded by at most two looks in so many before it is noticed. */
enum { LOOKS_PER_LIMIT = 16 };

int64_t sl_watchdog_period(const struct sl_watchdog *watchdog)
{
    int64_t period = watchdog->limit_ns / LOOKS_PER_LIMIT + 1;
    if (watchdog->limit_ns == 0 || period > SL_GATE_RECHECK_NS)
        return SL_GATE_RECHECK_NS;
    return period;
}

void sl_watchdog_begin(sluice_pipeline *pipe, int64_t now_ns)
{
    for (int i = 0; i < pipe->n_local; i++)
        pipe->devices[i].sighting =
            (struct sl_sighting){.place = SLUICE_IDLE, .age_ns = 0};
    pipe->looked_ns = now_ns;
}

static sluice_doing doing(const struct sl_device *device)
{
    return sl_place_decode(device->sighting.place).doing;
}

/* Add to the ages of all devices what has passed since the last look. */
static void age(sluice_pipeline *pipe, int64_t passed_ns)
{
    for (int i = 0; i < pipe->n_local; i++) {
        struct sl_device *device = &pipe->devices[i];
        uint64_t place = sl_place_read(&device->place);
        if (place == device->sighting.place)
            device->sighting.age_ns += passed_ns;
        else
            device->sighting = (struct sl_sighting){.place = place};
    }
}

static void tell(sluice_pipeline *pipe, struct sl_device *device)
{
    struct sl_sighting *seen = &device->sighting;
    sluice_activity activity;
    if (seen->told || seen->age_ns < pipe->watchdog.limit_ns)
        return;
    sluice_pipeline_activity(pipe, device->index, &activity);
    if (sl_place_read(&device->place) != seen->place)
        return; /* it has just gone on */
    seen->told = true;
    pipe->watchdog.on_stuck(pipe->watchdog.context, pipe, &activity,
                            seen->age_ns);
}

/* The first device that waits, if none runs and none has gone on lately. */
static struct sl_device *standstill(sluice_pipeline *pipe)
{
    struct sl_device *first = NULL;
    if (pipe->world)
        return NULL; /* devices of other processes may be at work */
    for (int i = 0; i < pipe->n_local; i++) {
        struct sl_device *device = &pipe->devices[i];
        if (doing(device) == SLUICE_IDLE)
            continue;
        if (doing(device) == SLUICE_RUNNING || device->sighting.told ||
            device->sighting.age_ns < pipe->watchdog.limit_ns)
            return NULL;
        if (!first)
            first = device;
    }
    return first;
}

void sl_watchdog_look(sluice_pipeline *pipe, int64_t now_ns)
{
    int64_t most = 2 * sl_watchdog_period(&pipe->watchdog);
    int64_t passed = now_ns - pipe->looked_ns;
    if (pipe->watchdog.limit_ns == 0)
        return;
    pipe->looked_ns = now_ns;
    age(pipe, passed < most ? passed : most);
    for (int i = 0; i < pipe->n_local; i++)
        if (doing(&pipe->devices[i]) == SLUICE_RUNNING)
            tell(pipe, &pipe->devices[i]);
    struct sl_device *waiting = standstill(pipe);
    if (waiting)
        tell(pipe, waiting);
}
