/* Pictures of a schedule.  The main thread. */
#include "bench/schedule/show/schedule_draw.h"

#include <stdio.h>
#include <string.h>

#include "bench/output/picture.h"

const char *schedule_title(const struct schedule_wanted *wanted,
                           const sluice_schedule *schedule, const char *clock,
                           char title[SCHEDULE_TITLE])
{
    snprintf(title, SCHEDULE_TITLE, "%.60s, %d devices, %d micro-batches, %s",
             wanted->order.schedule, sluice_schedule_n_devices(schedule),
             sluice_schedule_n_microbatches(schedule), clock);
    return title;
}

sluice_status schedule_draw(const struct schedule_wanted *wanted,
                            const sluice_schedule *schedule,
                            const struct schedule_price *price,
                            const char *path, sluice_diag *why)
{
    char title[SCHEDULE_TITLE];
    const struct picture picture = {
        .title = schedule_title(wanted, schedule, "simulated", title),
        .trace = sluice_simulation_trace(price->simulation),
    };
    return picture_write(&picture, path, why);
}

sluice_status schedule_measured_path(const char *path,
                                     char measured[SCHEDULE_PATH],
                                     sluice_diag *why)
{
    const char *ending = strrchr(path, '.'); /* picture_check() has seen it */
    int n = snprintf(measured, SCHEDULE_PATH, "%.*s.measured%s",
                     (int)(ending - path), path, ending);
    if (n < SCHEDULE_PATH)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "a file name of %zu bytes: give a shorter one",
                           strlen(path));
}
