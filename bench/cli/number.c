/* Numbers of a command line.  The main thread. */
#include "bench/cli/number.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    double factor;
};

static const struct unit time_units[] = {
    {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {NULL, 0},
};

static const struct unit byte_units[] = {
    {"", 1},       {"K", 0x1p10}, {"M", 0x1p20},
    {"G", 0x1p30}, {"T", 0x1p40}, {NULL, 0},
};

static const double hour_ns = 3600e9;

sluice_status number_parse_integer(const char *text, int64_t min, int64_t max,
                                   int64_t *value, sluice_diag *why)
{
    const char *digits = text + (*text == '-');
    size_t n = strspn(digits, "0123456789");
    errno = 0;
    long long parsed = strtoll(text, NULL, 10);
    if (!n || digits[n] || errno || parsed < min || parsed > max)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "\"%s\" is not an integer from %" PRId64
                               " to %" PRId64,
                               text, min, max);
    *value = parsed;
    return SLUICE_OK;
}

/*
 * Read the number at the start of `text`, leave `*rest` behind it.  strtod()
 * also takes hexadecimal digits, "inf" and "nan", which are no numbers here.
 */
static bool read_real(const char *text, double *value, const char **rest)
{
    const char *digits = text + (*text == '-');
    size_t n = strspn(digits, "0123456789.");
    if (n == strspn(digits, ".") || (digits[1] | 0x20) == 'x')
        return 0;
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    *rest = end;
    return !errno;
}

sluice_status number_parse_real(const char *text, double min, double max,
                                double *value, sluice_diag *why)
{
    double parsed;
    const char *rest;
    if (!read_real(text, &parsed, &rest) || *rest || parsed < min ||
        parsed > max)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "\"%s\" is not a number from %g to %g", text,
                               min, max);
    *value = parsed;
    return SLUICE_OK;
}

/* The factor of the unit that `name` is, 0 if it is none. */
static double unit_factor(const struct unit *units, const char *name)
{
    for (; units->name; units++)
        if (!strcmp(units->name, name))
            return units->factor;
    return 0;
}

sluice_status number_parse_time(const char *text, int64_t *ns, sluice_diag *why)
{
    double parsed;
    const char *rest;
    double factor = 0;
    if (read_real(text, &parsed, &rest))
        factor = unit_factor(time_units, rest);
    if (!factor || parsed < 0 || parsed * factor > hour_ns)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "\"%s\" is not a time of at most an hour with "
                               "its unit (ns, us, ms or s), such as 100us",
                               text);
    *ns = (int64_t)(parsed * factor + 0.5);
    return SLUICE_OK;
}

sluice_status number_parse_bytes(const char *text, uint64_t *bytes,
                                 sluice_diag *why)
{
    double parsed;
    const char *rest;
    double factor = 0;
    if (read_real(text, &parsed, &rest))
        factor = unit_factor(byte_units, rest);
    if (!factor || parsed < 0 || parsed * factor > 0x1p52)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "\"%s\" is not a number of bytes up to 2^52, "
                               "such as 65536, 64K or 1.5G",
                               text);
    *bytes = (uint64_t)(parsed * factor);
    return SLUICE_OK;
}
