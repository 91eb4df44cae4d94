/* Names of schedules.  Any thread. */
#include "plan/plan_names.h"

#include <string.h>

#include <sluice/schedule.h>

bool sl_plan_is_listed(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = list; at;) {
        size_t length = strcspn(at, ",");
        if (length == n && !strncmp(at, name, n))
            return true;
        at = at[length] ? at + length + 1 : NULL;
    }
    return !list;
}

sluice_status sl_plan_check_names(const char *list, sluice_diag *why)
{
    for (const char *at = list; at;) {
        int n = (int)strcspn(at, ","), i = 0;
        const char *name;
        while ((name = sluice_schedule_generator(i)) &&
               ((int)strlen(name) != n || strncmp(name, at, (size_t)n) != 0))
            i++;
        if (!name && (n != 4 || strncmp(at, "auto", 4) != 0))
            return sluice_diag_set(why, SLUICE_NOT_FOUND,
                                   "no schedule is called \"%.*s\": `sluice "
                                   "schedule --list' lists them; or auto",
                                   n < 64 ? n : 64, at);
        at = at[n] ? at + n + 1 : NULL;
    }
    return SLUICE_OK;
}
