/* Looking for NaN and infinity.  Any thread. */
#include "base/finite.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { BLOCK = 1024 };

/* Without a branch in the loop, which compilers turn into vectors. */
static bool is_finite(const float *x, int64_t n)
{
    const uint32_t exponent = 0x7f800000;
    uint32_t bad = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bad |= (bits & exponent) == exponent;
    }
    return !bad;
}

int64_t sl_first_not_finite(const float *x, int64_t n)
{
    int64_t i = 0;
    while (n - i >= BLOCK && is_finite(x + i, BLOCK))
        i += BLOCK;
    while (i < n && isfinite(x[i]))
        i++;
    return i;
}

const char *sl_not_finite_name(double value)
{
    return isnan(value) ? "NaN" : value > 0 ? "infinity" : "-infinity";
}

sluice_status sl_check_finite(const char *kind, const char *name,
                              const float *x, int64_t n, sluice_diag *why)
{
    int64_t i = sl_first_not_finite(x, n);
    if (i == n)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NOT_FINITE,
                           "%s %s: element %" PRId64
                           " is %s; give finite values",
                           kind, name, i, sl_not_finite_name(x[i]));
}
