/* What layers of normalization have in common.  Any thread. */
#include "nn/layers/norm.h"

double sl_norm_epsilon(float epsilon)
{
    return epsilon > 0 ? (double)epsilon : 1e-5;
}

sluice_status sl_norm_check_epsilon(const char *layer, float epsilon,
                                    sluice_diag *why)
{
    if (epsilon >= 0 && epsilon <= FLT_MAX)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%s: epsilon %g; it must be positive, or 0 for 1e-5",
                           layer, (double)epsilon);
}
