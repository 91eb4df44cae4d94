/* Status names and diagnoses.  Any thread; no shared state. */
#include <sluice/status.h>

#include <stdarg.h>
#include <stdio.h>

#include "base/text/utf8.h"

static const char *const names[SLUICE_N_STATUSES] = {
    [SLUICE_OK] = "SLUICE_OK",
    [SLUICE_INVALID] = "SLUICE_INVALID",
    [SLUICE_NO_MEMORY] = "SLUICE_NO_MEMORY",
    [SLUICE_OVER_CAP] = "SLUICE_OVER_CAP",
    [SLUICE_SYSTEM] = "SLUICE_SYSTEM",
    [SLUICE_IO] = "SLUICE_IO",
    [SLUICE_FORMAT] = "SLUICE_FORMAT",
    [SLUICE_NOT_FOUND] = "SLUICE_NOT_FOUND",
    [SLUICE_SCHEDULE] = "SLUICE_SCHEDULE",
    [SLUICE_LAYER] = "SLUICE_LAYER",
    [SLUICE_CANCELLED] = "SLUICE_CANCELLED",
    [SLUICE_CLOSED] = "SLUICE_CLOSED",
    [SLUICE_NOT_FINITE] = "SLUICE_NOT_FINITE",
    [SLUICE_NOT_REPEATED] = "SLUICE_NOT_REPEATED",
};

const char *sluice_status_name(sluice_status status)
{
    if ((unsigned)status >= SLUICE_N_STATUSES)
        return "SLUICE_?";
    return names[status];
}

sluice_status sluice_diag_set(sluice_diag *why, sluice_status status,
                              const char *format, ...)
{
    if (!why)
        return status;
    *why = (sluice_diag){
        .status = status,
        .process = -1,
        .device = -1,
        .stage = -1,
        .microbatch = -1,
        .position = -1,
    };
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    sl_utf8_clean(why->text);
    return status;
}
