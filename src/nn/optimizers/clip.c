/* Clipping by the norm of all gradients.  The device of the parameters. */
#include "nn/optimizers/clip.h"

#include <math.h>

#include "tensor/elementwise.h"

double sl_clip_measure(const sluice_optimizer_call *call)
{
    return sl_sum_of_squares(call->n, call->g);
}

sluice_status sl_clip_prepare(const char *optimizer, double clip,
                              const sluice_optimizer_call *call)
{
    if (clip == 0 || isfinite(call->total))
        return SLUICE_OK;
    return sluice_diag_set(call->why, SLUICE_NOT_FINITE,
                           "%s: the norm of the gradients is %s, and the step "
                           "changes nothing; use a smaller learning rate",
                           optimizer, isnan(call->total) ? "NaN" : "infinity");
}

float sl_clip_factor(double clip, const sluice_optimizer_call *call)
{
    double norm = clip > 0 ? sqrt(call->total) : 0;
    double share = clip / (norm + 1e-6);
    return norm > 0 && share < 1 ? (float)share : 1;
}
